"""Booking: what the broker's facts about one intent amount to, rewritten whole each time.

`book` reads every order and execution of an intent and derives its state, its position, its P&L
and the events to be told. Facts in any order, repeated or late, end in the same rows.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from execution import selectors
from execution.ledger import pnl
from execution.ledger.executions import in_force
from execution.models import Fill, Order, OrderIntent, Position, PositionEvent
from quanticity.domain import calendar, clock, orders
from quanticity.domain.instruments import parse_occ
from quanticity.domain.readings import instant

_DONE = (Order.State.FILLED, Order.State.CANCELLED, Order.State.REJECTED, Order.State.EXPIRED)
_COMMISSION_PATIENCE = timedelta(seconds=5)
_EXIT_REASON = {"S": orders.ExitReason.STOP, "T": orders.ExitReason.TARGET}


def book(intent_id: str) -> None:
    """Bring one intent, its orders, its position and its events up to the broker's facts."""
    with transaction.atomic():
        intent = OrderIntent.objects.select_for_update().get(pk=intent_id)
        rows = list(intent.orders.all())
        fills = in_force(selectors.domain_fills([row.order_ref for row in rows]))
        _count_fills(rows, fills)
        entry = next((row for row in rows if row.role == orders.Role.ENTRY), None)
        if entry is not None:
            _move_intent(intent, entry)
            _book_position(intent, entry, rows, fills)
        Fill.objects.filter(order_ref__in=[row.order_ref for row in rows]).update(booked=True)


def book_owed() -> None:
    """Book every intent with something new to interpret."""
    for intent_id in selectors.intents_to_book():
        book(intent_id)


def _count_fills(rows: Sequence[Order], fills: Sequence[orders.Fill]) -> None:
    for row in rows:
        filled = sum(abs(f.quantity) for f in fills if f.order_ref == row.order_ref)
        if filled == row.filled:
            continue
        row.filled = filled
        changes: dict[str, Any] = {"filled": filled}
        # Quantity comes from executions alone, also where the status is late.
        if filled >= row.quantity:
            changes["state"] = row.state = Order.State.FILLED
        Order.objects.filter(pk=row.pk).update(**changes)


def _move_intent(intent: OrderIntent, entry: Order) -> None:
    after = _state_of(entry)
    if after == intent.state:
        return
    ended = after in ("FILLED", "CANCELLED", "REJECTED", "EXPIRED")
    intent.state = after
    intent.reason = entry.error[:300] or intent.reason
    if ended:
        intent.ended_at, intent.owes_acknowledgement = clock.now(), True
    intent.save(update_fields=["state", "reason", "ended_at", "owes_acknowledgement"])


def _state_of(entry: Order) -> str:
    if entry.filled >= entry.quantity:
        return "FILLED"
    if entry.state in _DONE and entry.state != Order.State.FILLED:
        return str(entry.state)
    if entry.state == Order.State.UNKNOWN:
        return "UNKNOWN"
    if entry.state in (Order.State.RECORDED, Order.State.SENDING):
        return "SUBMITTING"
    if entry.cancel_sent_at is not None:
        return "CANCEL_PENDING"
    return "PARTIAL" if entry.filled else "WORKING"


def _book_position(
    intent: OrderIntent, entry: Order, rows: Sequence[Order], fills: Sequence[orders.Fill]
) -> None:
    if not fills:
        return
    position = _position(intent, fills[0])
    ledger = pnl.apply(fills, position.multiplier)
    bought = [fill for fill in fills if fill.quantity > 0]
    sold = [fill for fill in fills if fill.quantity < 0]
    position.quantity_total = sum(fill.quantity for fill in bought)
    position.quantity_open = ledger.open_quantity - ledger.oversold
    position.entry_price, position.exit_price = _average(bought), _average(sold)
    position.commission_usd = None if ledger.provisional else ledger.commission_usd
    position.opened_at = min(fill.executed_at for fill in fills)
    entry_done = _is_over(entry)
    before, position.state = position.state, _position_state(position, entry_done=entry_done)
    if position.state == "CLOSED":
        position.closed_at = max(fill.executed_at for fill in fills)
        position.realised_net_usd = None if ledger.provisional else ledger.realized_net_usd
        position.exit_reason = position.exit_reason or _reason(sold, rows)
    _measure_protection(position, fills)
    position.save()
    Fill.objects.filter(exec_id__in=[f.exec_id for f in fills]).update(position=position)
    if position.state == "CLOSED" and before != "CLOSED":
        OrderIntent.objects.filter(pk=intent.pk).update(owes_acknowledgement=True)
    _tell(position, intent, ledger, bought, sold, entry_done=entry_done)


def _is_over(order: Order) -> bool:
    """An order has ended, and every execution it spoke of is here."""
    if order.filled >= order.quantity:
        return True
    ended = order.state in _DONE and order.state != Order.State.FILLED
    return ended and not selectors.awaits_fills(order)


def _position(intent: OrderIntent, first: orders.Fill) -> Position:
    found = Position.objects.filter(intent=intent).first()
    if found is not None:
        return found
    day = calendar.session_date(first.executed_at)
    number = Position.objects.filter(session_date=day).count() + 1
    return Position(
        trade_id=f"T-{day:%Y%m%d}-{number:03d}", intent=intent, account=first.account,
        con_id=first.con_id, occ=intent.occ, multiplier=intent.multiplier, symbol=intent.symbol,
        strategy=intent.strategy, direction=intent.direction, stop_price=intent.stop_price,
        exit_due_at=_exit_due(intent, first.executed_at), session_date=day, probe=intent.probe,
        source=settings.TRADING_MODE,
    )  # fmt: skip


def _exit_due(intent: OrderIntent, filled_at: datetime) -> datetime | None:
    wanted = intent.signal.exit_after_s
    return None if wanted is None else filled_at + timedelta(seconds=wanted)


def _position_state(position: Position, *, entry_done: bool) -> str:
    if position.quantity_open < 0:
        return "QUARANTINED"
    if position.quantity_open == 0 and position.quantity_total and entry_done:
        return "CLOSED"
    if position.state == "QUARANTINED":
        return "QUARANTINED"  # reconciliation lets go of it, nobody else
    if position.exit_started_at is not None:
        return "CLOSING"
    if not entry_done and position.quantity_open == position.quantity_total:
        return "OPENING"
    return "REDUCING" if position.quantity_open < position.quantity_total else "OPEN"


def measure_protection(position: Position) -> None:
    """Add up the time in which contracts were held without a working stop (naked_ms)."""
    _measure_protection(position, ())
    Position.objects.filter(pk=position.pk).update(
        naked_ms=position.naked_ms, naked_since_at=position.naked_since_at
    )


def _measure_protection(position: Position, fills: Sequence[orders.Fill]) -> None:
    now, since = clock.now(), position.naked_since_at
    is_flat = position.quantity_open <= 0
    covered = is_flat or selectors.protected_quantity(position) >= position.quantity_open
    if since is not None:
        # The gap ended with the fill that made us flat, not when we heard of it.
        until = max((f.executed_at for f in fills), default=now) if is_flat else now
        position.naked_ms += max(0, int((until - since).total_seconds() * 1_000))
    position.naked_since_at = None if covered else now


def _average(fills: Sequence[orders.Fill]) -> Decimal | None:
    quantity = sum(abs(fill.quantity) for fill in fills)
    if not quantity:
        return None
    paid = sum((fill.price * abs(fill.quantity) for fill in fills), Decimal(0))
    return (paid / quantity).quantize(Decimal("0.0001"))


def _reason(sold: Sequence[orders.Fill], rows: Sequence[Order]) -> str:
    roles = {row.order_ref: row.role for row in rows}
    last = max(sold, key=lambda fill: fill.executed_at)
    return _EXIT_REASON.get(roles.get(last.order_ref, ""), orders.ExitReason.MANUAL)


def _tell(
    position: Position,
    intent: OrderIntent,
    ledger: pnl.Ledger,
    bought: Sequence[orders.Fill],
    sold: Sequence[orders.Fill],
    *,
    entry_done: bool,
) -> None:
    told = set(position.events.values_list("kind", flat=True))
    if entry_done and bought and PositionEvent.Kind.ENTRY not in told:
        last = max(fill.executed_at for fill in bought)
        write_event(position, PositionEvent.Kind.ENTRY, last, _entry_facts(position, intent, last))
    if position.state == "CLOSED" and PositionEvent.Kind.EXIT not in told:
        last = max(fill.executed_at for fill in sold)
        # The commission report follows its execution by a moment; wait for it, but not for ever.
        if not ledger.provisional or clock.now() - last > _COMMISSION_PATIENCE:
            facts = _exit_facts(position, intent, ledger, last)
            write_event(position, PositionEvent.Kind.EXIT, last, facts)


def write_event(position: Position, kind: str, at: datetime, facts: dict[str, Any]) -> None:
    """Append one event to a trade, numbered without gaps, in the caller's transaction."""
    position.events_n += 1
    Position.objects.filter(pk=position.pk).update(events_n=position.events_n)
    PositionEvent.objects.create(
        position=position, seq=position.events_n, kind=kind, clock_at=at,
        created_at=clock.now(), facts={**facts, "kind": kind},
    )  # fmt: skip


def common_facts(position: Position, intent: OrderIntent, at: datetime) -> dict[str, Any]:
    """What every event of a trade says."""
    contract = parse_occ(position.occ)
    return {
        "trade_no": position.trade_id, "symbol": position.symbol,
        "direction": position.direction, "strategy": position.strategy, "occ": position.occ,
        "contract": str(contract), "expiry_date": contract.expiry.isoformat(),
        "strike": str(contract.strike), "right": str(contract.right),
        "dealer_context": intent.signal.reference.get("dealer_context", {}),
        "filled_at": instant(at),
    }  # fmt: skip


def _entry_facts(position: Position, intent: OrderIntent, at: datetime) -> dict[str, Any]:
    price = position.entry_price or Decimal(0)
    explained = intent.signal.reference
    return common_facts(position, intent, at) | {
        "fill_price": _text(price), "quantity": position.quantity_total,
        "notional_usd": _text(price * position.quantity_total * position.multiplier),
        "commission_usd": _text(position.commission_usd),
        "stop_price": _text(intent.stop_price),
        "targets": [_text(intent.target_price)] if intent.target_price else [],
        "confidence": intent.signal.confidence,
        "components": explained.get("components", []), "tags": explained.get("tags", []),
    }  # fmt: skip


def _exit_facts(
    position: Position, intent: OrderIntent, ledger: pnl.Ledger, at: datetime
) -> dict[str, Any]:
    entry = position.entry_price or Decimal(0)
    net = ledger.realized_gross_usd - ledger.commission_usd
    cost = entry * position.quantity_total * position.multiplier
    opened = position.opened_at or at
    return common_facts(position, intent, at) | {
        "fill_price": _text(position.exit_price), "entry_price": _text(entry),
        "quantity": position.quantity_total, "notional_usd": _text(cost),
        "commission_usd": _text(position.commission_usd), "realised_net_usd": _text(net),
        "return_frac": str(round(net / cost, 6)) if cost else None,
        "result": str(pnl.result(net)), "holding_s": (at - opened).total_seconds(),
        "exit_reason": position.exit_reason,
    }  # fmt: skip


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.quantize(Decimal('0.01')):f}"
