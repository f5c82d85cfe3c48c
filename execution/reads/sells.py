"""What the broker could sell of a trade: now, as wished, or at worst."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Max

from execution.models import Fill, Order, OrderEvent, Position, Reconciliation
from execution.orders import protection
from quanticity.domain import orders

ALIVE = (Order.State.RECORDED, Order.State.SENDING, Order.State.WORKING, Order.State.UNKNOWN)


def protected_quantity(position: Position) -> int:
    """Contracts of the position that the broker's working stops could sell now."""
    sells = working_sells(position.intent_id)
    return sum(one.executable for one in sells if one.role is orders.Role.STOP)


def sellable(position: Position) -> int:
    """Contracts that may be sold: ours, in quarantine no more than the broker says it holds."""
    last = Reconciliation.objects.first()
    if position.state != "QUARANTINED" or last is None:
        return position.quantity_open
    return min(position.quantity_open, int(last.holdings.get(position.occ, 0)))


def working_sells(intent_id: str) -> tuple[protection.WorkingSell, ...]:
    """What the broker could sell now for an intent."""
    return protection.executable(_resting(intent_id, _works))


def wished_sells(intent_id: str) -> tuple[protection.WorkingSell, ...]:
    """What it could still sell once the cancellations and cuts we asked for are done."""
    return protection.executable(_resting(intent_id, _is_wished, as_wished=True))


def claiming_sells(intent_id: str) -> tuple[protection.WorkingSell, ...]:
    """What it can sell at worst: what is on its way or in doubt counts, and in full."""
    return protection.at_most(_resting(intent_id, _is_alive))


def _works(row: Order) -> bool:
    return row.state == Order.State.WORKING


def _is_wished(row: Order) -> bool:
    return _works(row) and row.cancel_wanted_at is None


def _is_alive(row: Order) -> bool:
    return row.state in ALIVE


def _resting(
    intent_id: str, counts: Callable[[Order], bool], *, as_wished: bool = False
) -> tuple[protection.Resting, ...]:
    rows = list(Order.objects.filter(intent_id=intent_id))
    bought = {row.pk: row.filled for row in rows if row.role == orders.Role.ENTRY}
    sells = [row for row in rows if row.side == "SELL"]
    said, sold = _instants(sells)
    return tuple(
        protection.Resting(
            row.pk, orders.Role(row.role), _size(row, as_wished=as_wished), row.filled,
            row.oca_group or row.parent_ref, row.order_id or 0, counts(row),
            bought.get(row.parent_ref), said.get(row.pk), sold.get(row.pk),
        )
        for row in sells
    )  # fmt: skip


def _instants(sells: Sequence[Order]) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """When the broker last said that each sell works, and when its last sale was recorded.

    Asked only where a sell has sold: before that nothing can have reduced another.
    """
    filled = [row.pk for row in sells if row.filled]
    if not filled:
        return {}, {}
    sales = Fill.objects.filter(order_ref__in=filled).values("order_ref")
    words = OrderEvent.objects.filter(
        order_ref__in=[row.pk for row in sells if row.state == Order.State.WORKING],
        kind="order", body__status=orders.OrderStatus.WORKING,
    ).values("order_ref")  # fmt: skip
    said = words.annotate(last=Max("at")).values_list("order_ref", "last")
    sold = sales.annotate(last=Max("recorded_at")).values_list("order_ref", "last")
    return dict(said), dict(sold)


def _size(row: Order, *, as_wished: bool) -> int:
    wanted = row.wanted_quantity if as_wished else None
    return row.quantity if wanted is None else min(wanted, row.quantity)
