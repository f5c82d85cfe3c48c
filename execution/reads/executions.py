"""Executions, settlements and their costs as values."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from execution.models import (
    Commission,
    Fill,
    Order,
    OrderEvent,
    OrderIntent,
    Position,
    Settlement,
)
from execution.reads.positions import intent_of
from execution.reads.sells import ALIVE
from quanticity.domain import orders
from quanticity.domain.instruments import parse_occ


def fills_of(position: Position) -> list[orders.Fill]:
    """Every execution of one trade as a value."""
    return _values(Fill.objects.filter(position=position))


def awaits_fills(row: Order) -> bool:
    """Say whether the broker spoke of executions of this order that have not come."""
    if row.filled >= row.quantity:
        return False
    told = OrderEvent.objects.filter(order_ref=row.pk, kind="order")
    said = max(told.values_list("body__filled", flat=True), default=0)
    if row.state == Order.State.FILLED:
        said = row.quantity
    return row.filled < said and _ever_filled(row.pk) < said


def _ever_filled(order_ref: str) -> int:
    """Contracts of every execution as first told: what was corrected away is not awaited."""
    most: dict[str, int] = {}
    rows = Fill.objects.filter(order_ref=order_ref).values_list("base_exec_id", "quantity")
    for base, quantity in rows:
        most[base] = max(most.get(base, 0), abs(quantity))
    return sum(most.values())


def owner_of(fill: Fill) -> str:
    """The intent a fill belongs to: its order's, or its trade's when it was made by hand."""
    mine = intent_of(fill.order_ref)
    return mine or ("" if fill.position is None else str(fill.position.intent_id))


def trade_fills(intent: OrderIntent) -> list[orders.Fill]:
    """Executions of an intent's orders, those made by hand in its trade, and its settlement."""
    refs = intent.orders.values_list("order_ref", flat=True)
    rows = Fill.objects.filter(Q(order_ref__in=refs) | Q(position__intent=intent))
    settled = Settlement.objects.filter(position__intent=intent).select_related("position")
    return [*_values(rows.distinct()), *(_settlement(row) for row in settled)]


def settled_quantities(since: datetime | None = None) -> dict[tuple[str, int], int]:
    """Contracts that expiry took out of positions, signed, by account and contract."""
    found: dict[tuple[str, int], int] = {}
    rows = Settlement.objects.select_related("position")
    for row in rows if since is None else rows.filter(settled_at__gte=since):
        key = (row.position.account, row.position.con_id)
        found[key] = found.get(key, 0) - row.quantity
    return found


def awaits_sales(intent_id: str) -> bool:
    """Say whether a sell that is over spoke of executions that have not come."""
    over = Order.objects.filter(intent_id=intent_id, side="SELL").exclude(state__in=ALIVE)
    return any(awaits_fills(row) for row in over)


def domain_fills(refs: Sequence[str]) -> list[orders.Fill]:
    """Executions of these orders as values, each with its net commission when known."""
    return _values(Fill.objects.filter(order_ref__in=refs))


def _values(found: QuerySet[Fill]) -> list[orders.Fill]:
    rows = list(found)
    costs = {c.pk: c for c in Commission.objects.filter(pk__in=[row.pk for row in rows])}
    return [_fill(row, costs.get(row.pk)) for row in rows]


def _settlement(row: Settlement) -> orders.Fill:
    """A settlement as an execution without an order: it costs nothing."""
    held = row.position
    return orders.Fill(
        f"{held.pk}.settled.01", "", 0, parse_occ(held.occ), held.con_id, -row.quantity,
        row.price, row.settled_at, held.account, Decimal(0),
    )  # fmt: skip


def _fill(row: Fill, cost: Commission | None) -> orders.Fill:
    net = None
    if cost is not None and cost.commission_usd is not None:
        net = cost.commission_usd - (cost.rebate_usd or Decimal(0))
    return orders.Fill(
        row.exec_id, row.order_ref, row.perm_id or 0, parse_occ(row.occ), row.con_id,
        row.quantity, row.price, row.executed_at, row.account, net,
    )  # fmt: skip
