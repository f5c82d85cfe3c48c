"""Ticks the broker refuses (110): the trade keeps to coarse ones and is sent once more (6.10)."""

from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet

from execution.models import Order, OrderIntent, Position
from execution.orders.ticks import round_down, round_up
from execution.services.facts import increments_for
from quanticity.domain.market import Side
from quanticity.domain.orders import OrderStatus, OrderUpdate

_Price = Decimal | None


def coarsen(intent_id: str) -> bool:
    """Keep to coarse ticks in this trade from now on; False when it does already."""
    with transaction.atomic():
        fine = OrderIntent.objects.select_for_update().filter(pk=intent_id, coarse_ticks=False)
        intent = fine.first()
        if intent is None:
            return False
        intent.coarse_ticks = True
        intent.limit_price = _down(intent, intent.limit_price)
        intent.stop_price = _down(intent, intent.stop_price)
        intent.target_price = _up(intent, intent.target_price)
        intent.save(update_fields=["coarse_ticks", "limit_price", "stop_price", "target_price"])
        for position in Position.objects.filter(intent=intent):
            _lift(intent, position)
    return True


def round_chain(ref: str) -> bool:
    """Round a recorded chain to coarse ticks; False when it was so, or they leave no price."""
    with transaction.atomic():
        chain = _chain(ref).filter(state=Order.State.RECORDED)
        if chain and coarsen(chain[0].intent_id) and all(_round(row) for row in chain):
            return True
        transaction.set_rollback(True)
    return False


def send_again(ref: str, order_id: int) -> bool:
    """Record a chain again whose first order was refused for its tick: once in a trade.

    Under `order_id` it never lived, so nothing is doubled. A child that was refused by itself is
    made anew by who protects the position, at prices that are then right.
    """
    with transaction.atomic():
        chain = _chain(ref)
        head = chain.filter(pk=ref, order_id=order_id, state=Order.State.SENDING, filled=0)
        head_row = head.first()
        if head_row is None or head_row.parent_ref:
            return False
        chain.update(
            state=Order.State.RECORDED, sent_at=None, unknown_since_at=None, error_code=None,
            error="sent again at another tick",
        )  # fmt: skip  # its id stays: the next is above it
        if round_chain(ref):
            return True
        transaction.set_rollback(True)
    return False


def is_of_before(row: Order, update: OrderUpdate) -> bool:
    """Whether an end is that of the sending before the last: what was refused then is over.

    The broker's list of what is over names no order id; there its own number tells them apart.
    """
    if not row.intent.coarse_ticks or update.status in (OrderStatus.WORKING, OrderStatus.FILLED):
        return False
    if row.state == Order.State.RECORDED:
        return True
    if update.order_id > 0:
        return update.order_id < (row.order_id or 0)
    return update.perm_id != row.perm_id


def _chain(ref: str) -> QuerySet[Order]:
    return Order.objects.filter(Q(pk=ref) | Q(parent_ref=ref)).select_related("intent")


def _round(row: Order) -> bool:
    """Bought and stopped no higher, sold at no less; False when nothing is left of a price."""
    intent = row.intent
    intent.coarse_ticks = True
    is_target = row.side == Side.SELL and bool(row.parent_ref)
    row.limit_price = (_up if is_target else _down)(intent, row.limit_price)
    row.stop_price = _down(intent, row.stop_price)
    row.save(update_fields=["limit_price", "stop_price"])
    return all(price is None or price > 0 for price in (row.limit_price, row.stop_price))


def _lift(intent: OrderIntent, position: Position) -> None:
    """A stop never falls, a target is never nearer."""
    stop = _up(intent, position.stop_price)
    Position.objects.filter(pk=position.pk).update(stop_price=stop)
    for tranche in position.tranches.all():
        tranche.target_price = round_up(tranche.target_price, increments_for(intent))
        tranche.save(update_fields=["target_price"])


def _down(intent: OrderIntent, price: _Price) -> _Price:
    return None if price is None else round_down(price, increments_for(intent))


def _up(intent: OrderIntent, price: _Price) -> _Price:
    return None if price is None else round_up(price, increments_for(intent))
