"""What we wish of orders at the broker: rows that the gateway process makes true."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, QuerySet

from execution.models import DeskVersion, Order
from execution.services import nearby
from quanticity.domain import clock
from quanticity.store import health

_State = Order.State
_COMPARISON = "reconcile"
ALIVE = (_State.RECORDED, _State.SENDING, _State.WORKING, _State.UNKNOWN)


def want_off(orders: QuerySet[Order]) -> None:
    """Ask for the end of orders; what was never sent ends at once."""
    orders.filter(state=_State.RECORDED).update(state=_State.EXPIRED, error="no longer wanted")
    if orders.filter(cancel_wanted_at=None, state__in=ALIVE).update(cancel_wanted_at=clock.now()):
        wake_gateway()


def wake_gateway() -> None:
    """Hint at the rows once they are committed."""
    transaction.on_commit(lambda: health.wake("gateway"))


def want_comparison() -> None:
    """Have the gateway process compare the books now."""
    DeskVersion.objects.get_or_create(pk=_COMPARISON)
    DeskVersion.objects.filter(pk=_COMPARISON).update(version=F("version") + 1)
    wake_gateway()


def comparisons_wanted() -> int:
    """How often a comparison was asked for; one more than last time is a wish."""
    rows = DeskVersion.objects.filter(pk=_COMPARISON).values_list("version", flat=True)
    return rows.first() or 0


def bid(occ: str, since: datetime | None = None) -> Decimal | None:
    """The contract's bid, said at or after an instant; None without one, or without the store."""
    return _side(occ, "bid", since)


def ask(occ: str, since: datetime | None = None) -> Decimal | None:
    """The contract's ask, said at or after an instant; None without one, or without the store."""
    return _side(occ, "ask", since)


def _side(occ: str, name: str, since: datetime | None) -> Decimal | None:
    quote = nearby.contract_quote(occ)
    if quote is None or (since is not None and quote.event_at < since):
        return None
    value = getattr(quote, name)
    return None if not value else Decimal(str(value))
