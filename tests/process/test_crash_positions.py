"""The gateway process killed while a position is divided, trailed and left: covered, sold once.

Real processes: SIGKILL, ib_insync over the simulated exchange's socket, rows in a database file. No
worker runs: each process manages what is held by itself.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from execution.models import Order, Position
from quanticity.domain import clock
from tests.process.desks import Desk, desk
from tests.process.lives import assert_books_agree, bought, is_settled, live_and_die
from tests.process.places import Place, Server, until

pytestmark = [
    pytest.mark.process, pytest.mark.enable_socket, pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]  # fmt: skip
DIVIDING = (
    "before the parts are planned",
    "after the parts are planned",
    "after an amendment is claimed",
    "after the target is amended",
    "after the stop is amended",
    "after a part's stop is recorded",
    "after a part's stop is claimed",
    "after a part's stop is sent",
    "before the word on a part's stop is kept",
    "after a part's target is recorded",
    "after a part's target is sent",
)
TRAILING = (
    "after a replacement is begun",
    "after a cancellation is claimed",
    "after a cancellation is sent",
    "before the target's end is kept",
    "before the stop's end is kept",
    "after the stop's end is kept",
    "after a part's stop is recorded",
    "after a part's stop is claimed",
    "after a part's stop is sent",
    "before the word on a part's stop is kept",
    "after a part's target is sent",
)
LEAVING = (
    "after an exit is begun",
    "after a cancellation is claimed",
    "after a cancellation is sent",
    "before the target's end is kept",
    "before the stop's end is kept",
    "after the stop's end is kept",
    "after the exit is recorded",
    "after the exit is claimed",
    "after the exit is sent",
    "before the word on the exit is kept",
    "before the sale is kept",
    "after the sale is kept",
    "after the sale is booked",
)


@pytest.fixture
def opened(
    place: Place, server: Server, settings: Any, tmp_path: Path, transactional_db: None
) -> Iterator[Desk]:
    with desk(place, server, settings, tmp_path) as made:
        made.open_exchange()
        yield made


def entry(n: int) -> str:
    """Bought at any price."""
    return bought(n, limit_price=Decimal(99), stop_price=Decimal("0.02"))


def rise(ref: str) -> None:
    """Its peak was a fifth above its entry."""
    Position.objects.filter(intent__orders=ref).update(peak_price=F("entry_price") * Decimal("1.2"))


def leave(ref: str) -> None:
    """Its time is over."""
    Position.objects.filter(intent__orders=ref).update(exit_due_at=clock.now())


def survive(desk: Desk) -> None:
    """Let one more process live; each order arrived once at most, and the books are the same."""
    desk.gateway = desk.start_gateway("survivor")
    until(lambda: is_settled(desk), 120, "books that agree, and nothing in doubt")
    arrived = Counter(one["order_ref"] for one in desk.books()["orders"])
    assert max(arrived.values()) == 1
    assert_books_agree(desk)


def covered() -> dict[str, int]:
    """Contracts under stops that work, by trade; what is not covered is left out."""
    stops = Order.objects.filter(role="S", state="WORKING")
    found: Counter[str] = Counter()
    for row in stops.select_related("intent__position"):
        found[row.intent.position.pk] += row.quantity - row.filled
    return dict(found)


def held() -> dict[str, int]:
    rows = Position.objects.filter(quantity_open__gt=0)
    return dict(rows.values_list("pk", "quantity_open"))


def test_a_position_that_is_divided_is_covered_whole_again(opened: Desk) -> None:
    for n, step in enumerate(DIVIDING):
        live_and_die(opened, n, step, partial(entry, n))

    survive(opened)

    assert set(held().values()) == {3}
    assert len(held()) == len(DIVIDING)
    until(lambda: covered() == held(), 60, "a stop over every contract")


def test_a_stop_that_is_replaced_is_there_again_and_no_lower(opened: Desk) -> None:
    for n, step in enumerate(TRAILING):
        live_and_die(opened, n, step, partial(entry, n), rise)

    survive(opened)

    assert len(held()) == len(TRAILING)
    until(lambda: covered() == held(), 60, "a stop over every contract")
    lowest = Position.objects.filter(stop_price__lt=F("entry_price") * Decimal("0.8"))
    assert not lowest.exists()


def test_a_position_that_leaves_is_sold_once(opened: Desk) -> None:
    for n, step in enumerate(LEAVING):
        live_and_die(opened, n, step, partial(entry, n), leave)

    survive(opened)

    assert held() == {}
    assert opened.held() == {}
    assert opened.working() == set()
    assert Position.objects.filter(state="CLOSED").count() == len(LEAVING)
