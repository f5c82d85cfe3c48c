"""The gateway process killed at each step of the submit path: nothing lost, nothing doubled (E1).

Real processes: SIGKILL, ib_insync over the simulated exchange's socket, rows in a database file.
One life follows another; each begins by settling what the one before left.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from execution.models import Order, Position
from quanticity.gateway.simulated import listing
from tests.process.desks import Desk, desk
from tests.process.lives import assert_books_agree, bought, contract, is_settled, live_and_die
from tests.process.places import Place, Server, until

pytestmark = [
    pytest.mark.process, pytest.mark.enable_socket, pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]  # fmt: skip
# Each step, and whether the entry must be at the exchange afterwards: what was not claimed is sent
# by the next process; what was claimed is never sent again, and a chain without its last leg was
# never transmitted.
STEPS = {
    "before the claim": True,
    "after the claim": False,
    "before the parent": False,
    "after the parent": False,
    "between the children": False,
    "after the last child": True,
    "before the acknowledgement is kept": True,
    "after the acknowledgement is kept": True,
    "before the fill is kept": True,
    "after the fill is kept": True,
    "after the booking": True,
}
# The same after the broker has refused the first sending for its tick (110).
TICK_STEPS = {
    "before another tick is kept": False,
    "after another tick is kept": True,
    "after the second claim": False,
    "after the second parent": False,
    "after the second last child": True,
    "before the word on the second is kept": True,
}
FILLS = {"before the fill is kept", "after the fill is kept", "after the booking"}
_MOVING = ("RECORDED", "SENDING", "UNKNOWN")


@pytest.fixture
def opened(
    place: Place, server: Server, settings: Any, tmp_path: Path, transactional_db: None
) -> Iterator[Desk]:
    with desk(place, server, settings, tmp_path) as made:
        made.open_exchange()
        yield made


def test_a_process_killed_at_any_step_neither_loses_nor_doubles(opened: Desk) -> None:
    refs = {
        step: live_and_die(opened, n, step, partial(entry, n, fills=step in FILLS))
        for n, step in enumerate(STEPS)
    }

    opened.gateway = opened.start_gateway("survivor")
    until(lambda: is_settled(opened), 90, "books that agree, and nothing in doubt")

    arrived = Counter(one["order_ref"] for one in opened.books()["orders"])
    sent = {step: arrived[ref] for step, ref in refs.items()}
    assert sent == {step: int(leaves) for step, leaves in STEPS.items()}
    assert max(arrived.values()) == 1
    assert_books_agree(opened)
    assert Position.objects.filter(quantity_open__gt=0).count() == len(FILLS)


def test_a_second_sending_at_another_tick_is_as_safe(opened: Desk) -> None:
    refs = {
        step: live_and_die(opened, n, step, partial(off_tick_entry, n))
        for n, step in enumerate(TICK_STEPS)
    }

    opened.gateway = opened.start_gateway("survivor")
    until(lambda: is_settled(opened), 90, "books that agree, and nothing in doubt")

    arrived = Counter(one["order_ref"] for one in opened.books()["orders"])
    assert {step: arrived[ref] for step, ref in refs.items()} == {
        step: int(leaves) for step, leaves in TICK_STEPS.items()
    }
    assert_books_agree(opened)


def entry(n: int, *, fills: bool) -> str:
    """Three contracts bought: at any price, or far below the market, where nobody sells."""
    prices = {"limit_price": Decimal(99 if fills else "0.05"), "stop_price": Decimal("0.02")}
    return bought(n, **prices)


def off_tick_entry(n: int) -> str:
    """One whose contract is known, so that nobody but the broker looks at its price."""
    ref = bought(n, limit_price=Decimal("0.155"), stop_price=Decimal("0.10"))
    Order.objects.filter(intent__orders=ref).update(con_id=listing.option_id(contract(n)))
    return ref
