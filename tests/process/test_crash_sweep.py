"""The gateway process killed at each step of the submit path: nothing lost, nothing doubled (E1).

Real processes: SIGKILL, ib_insync over the simulated exchange's socket, rows in a database file.
One life follows another; each begins by settling what the one before left.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from execution.invariants import INVARIANTS
from execution.models import BracketReplace, Fill, Order, OrderIntent, Position, Reconciliation
from quanticity.domain import clock
from tests import factories
from tests.process.desks import Desk, desk
from tests.process.places import Place, Server, until

pytestmark = [
    pytest.mark.process, pytest.mark.enable_socket, pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]  # fmt: skip
APP = str(Path(__file__).parent / "crash_app.py")
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
    intents = {step: live_and_die(opened, n, step) for n, step in enumerate(STEPS)}

    opened.gateway = opened.start_gateway("survivor")
    until(lambda: is_settled(opened), 90, "books that agree, and nothing in doubt")

    arrived = Counter(one["order_ref"] for one in opened.books()["orders"])
    sent = {step: arrived[factories.ref(intent, "E")] for step, intent in intents.items()}
    assert sent == {step: int(leaves) for step, leaves in STEPS.items()}
    assert max(arrived.values()) == 1
    assert_books_agree(opened)


def live_and_die(desk: Desk, n: int, step: str) -> OrderIntent:
    """Start a doomed process, give it an entry of its own contract, and see it die of that."""
    began = clock.now()
    (desk.place.var / "doomed").unlink(missing_ok=True)
    desk.gateway = desk.place.python(f"life-{n}", APP, step, str(desk.port))
    until(lambda: Reconciliation.objects.filter(at__gt=began).exists(), 120, f"life {n}")
    with transaction.atomic():
        intent = entry(n, fills=step in FILLS)
        (desk.place.var / "doomed").write_text(factories.ref(intent, "E"))
    until(
        lambda: desk.gateway is not None and desk.gateway.poll() is not None, 120, f"death {step}"
    )
    assert desk.gateway.returncode == -signal.SIGKILL, desk.place.log(f"life-{n}")
    return intent


def entry(n: int, *, fills: bool) -> OrderIntent:
    """Three contracts bought: at any price, or far below the market, where nobody sells."""
    prices = {"limit_price": Decimal(99 if fills else "0.05"), "stop_price": Decimal("0.02")}
    return factories.intent(
        n + 1, 3, **prices, target_price=Decimal(500), occ=f"SPY251121C00{600 + n}000",
        # Fresh for as long as a busy machine needs.
        signal_changes={"state": "ended", "created_at": clock.now() + timedelta(minutes=10)},
    )  # fmt: skip


def is_settled(desk: Desk) -> bool:
    """Whether nothing is in motion, and the last comparison found no difference."""
    assert desk.gateway is None or desk.gateway.poll() is None, desk.place.log("survivor")
    last = Reconciliation.objects.first()
    over = ("FILLED", "CANCELLED", "REJECTED", "EXPIRED", "WORKING")
    return (
        not Order.objects.filter(state__in=_MOVING).exists()
        and not OrderIntent.objects.exclude(state__in=over).exists()
        and not BracketReplace.objects.filter(ended_at=None).exists()
        and working() == desk.working()
        and last is not None
        and last.is_clean
    )


def working() -> set[str]:
    """References of the orders that work by our rows."""
    return set(Order.objects.filter(state="WORKING").values_list("pk", flat=True))


def assert_books_agree(desk: Desk) -> None:
    """Executions, contracts and orders are the exchange's own; what must hold does."""
    books = desk.books()
    theirs = {one["exec_id"]: Decimal(one["quantity"]) for one in books["fills"]}
    assert {f.pk: f.quantity for f in Fill.objects.all()} == theirs
    held = {p.con_id: p.quantity_open for p in Position.objects.filter(quantity_open__gt=0)}
    assert held == {p["con_id"]: int(Decimal(p["quantity"])) for p in books["positions"]}
    assert len(held) == len(FILLS)
    told = ("P2 covered", "O5 allowed")  # no worker tends here; these intents met no gate
    broken = {one.name: list(one.query()) for one in INVARIANTS if one.name not in told}
    assert {name: rows for name, rows in broken.items() if rows} == {}
