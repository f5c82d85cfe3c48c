"""Lives of gateway processes that end at one step of one order, by SIGKILL, and what is left then.

One life follows another; each begins by settling what the one before left.
"""

import signal
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from execution.invariants import INVARIANTS
from execution.models import BracketReplace, Fill, Order, OrderIntent, Position, Reconciliation
from quanticity.domain import clock
from quanticity.domain.instruments import OptionContract, parse_occ
from tests import factories
from tests.process.desks import Desk
from tests.process.places import until

APP = str(Path(__file__).parent / "crash_app.py")
_MOVING = ("RECORDED", "SENDING", "UNKNOWN")


def live_and_die(
    desk: Desk,
    n: int,
    step: str,
    order: Callable[[], str],
    provoke: Callable[[str], object] | None = None,
) -> str:
    """Start a doomed process, record an order for it, and see it die of that; its reference.

    With something to provoke it lives until the trade stands, and dies of what that begins.
    """
    began = clock.now()
    doomed = desk.place.var / "doomed"
    doomed.unlink(missing_ok=True)
    desk.gateway = desk.place.python(f"life-{n}", APP, step, str(desk.port))
    until(lambda: Reconciliation.objects.filter(at__gt=began).exists(), 120, f"life {n}")
    if provoke is None:
        with transaction.atomic():
            ref = order()
            doomed.write_text(ref)
    else:
        ref = order()
        until(lambda: stands(ref), 60, "a trade in its parts")
        doomed.write_text(ref)
        provoke(ref)
    until(
        lambda: desk.gateway is not None and desk.gateway.poll() is not None, 120, f"death {step}"
    )
    assert desk.gateway.returncode == -signal.SIGKILL, desk.place.log(f"life-{n}")
    return ref


def stands(ref: str) -> bool:
    """Whether each part of a trade has a stop and a target that work."""
    position = Position.objects.filter(intent__orders=ref, state="OPEN").first()
    if position is None or BracketReplace.objects.filter(ended_at=None).exists():
        return False
    sells = Order.objects.filter(intent=position.intent_id, side="SELL")
    pairs = sells.filter(state="WORKING").values_list("role", "quantity")
    whole = sorted((role, 1) for role in "ST" for _ in range(position.quantity_open))
    return sorted(pairs) == whole and not sells.filter(state__in=_MOVING).exists()


def bought(n: int, **prices: Decimal) -> str:
    """Three contracts of a series of its own; the reference of the entry."""
    intent = factories.intent(
        n + 1, 3, **prices, target_price=Decimal(500), occ=contract(n).occ,
        # Fresh for as long as a busy machine needs.
        signal_changes={"state": "ended", "created_at": clock.now() + timedelta(minutes=10)},
    )  # fmt: skip
    return factories.ref(intent, "E")


def contract(n: int) -> OptionContract:
    """A call in the money."""
    return parse_occ(f"SPY251121C00{600 + n}000")


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
    told = ("P2 covered", "O5 allowed")  # no worker tends here; these intents met no gate
    broken = {one.name: list(one.query()) for one in INVARIANTS if one.name not in told}
    assert {name: rows for name, rows in broken.items() if rows} == {}
