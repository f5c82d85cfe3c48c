"""Booking: what the broker's facts about one intent amount to, rewritten whole each time.

`book` reads every order and execution of an intent and derives its state, its position, its P&L
and the events to be told. Facts in any order, repeated or late, end in the same rows.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from execution import selectors
from execution.ledger import pnl
from execution.ledger.executions import latest
from execution.models import Fill, Order, OrderIntent, Position, Settlement
from execution.services import apart, manual, moving, protecting, telling, tranching
from execution.services.event_facts import average
from execution.services.telling import Story
from quanticity.domain import calendar, clock, orders
from quanticity.domain.orders import ExitReason, Role

_DONE = (Order.State.FILLED, Order.State.CANCELLED, Order.State.REJECTED, Order.State.EXPIRED)
_OVER = ("CLOSED", "SETTLED")
_EXIT_REASON = {Role.STOP: ExitReason.STOP, Role.TARGET: ExitReason.TARGET}
# What booking derives; everything else of a position has another writer.
_DERIVED = (
    "quantity_open", "quantity_total", "entry_price", "exit_price", "commission_usd",
    "realised_net_usd", "exit_reason", "opened_at", "closed_at",
)  # fmt: skip


def book(intent_id: str) -> None:
    """Bring one intent, its orders, its position and its events up to the broker's facts."""
    with transaction.atomic():
        intent = OrderIntent.objects.select_for_update().get(pk=intent_id)
        rows = list(intent.orders.all())
        told = latest(selectors.trade_fills(intent))
        fills = tuple(fill for fill in told if fill.quantity)
        _count_fills(rows, fills)
        entry = next((row for row in rows if row.role == Role.ENTRY), None)
        if entry is not None:
            _move_intent(intent, entry)
            _book_position(intent, entry, rows, fills, lost=_cost_of_busts(told))
        refs = [row.order_ref for row in rows]
        Fill.objects.filter(Q(order_ref__in=refs) | Q(position__intent=intent)).update(booked=True)
        protecting.tend(intent_id, fills)


def book_owed() -> None:
    """Book every intent with something new to interpret."""
    manual.attach_owed()
    apart.each("NOT_BOOKED", selectors.intents_to_book(), book)


def book_held(intent_ids: Iterable[str]) -> None:
    """Book those of these intents that hold contracts, or whose entry has filled."""
    rows = OrderIntent.objects.filter(pk__in=list(intent_ids))
    held = rows.filter(Q(position__isnull=False) | Q(orders__order_ref__in=_filled_refs()))
    apart.each("NOT_BOOKED", held.values_list("pk", flat=True).distinct(), book)


def _filled_refs() -> QuerySet[Fill, str]:
    return Fill.objects.filter(booked=False).values_list("order_ref", flat=True)


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
    changes: dict[str, Any] = {"reason": entry.error[:300] or intent.reason}
    if after in _DONE:
        changes |= {"ended_at": clock.now(), "owes_acknowledgement": True}
    moving.move_intent(intent, intent.state, after, **changes)


def _state_of(entry: Order) -> str:
    if entry.filled >= entry.quantity:
        return "FILLED"
    if entry.state in _DONE and _is_over(entry):
        return str(entry.state)
    if entry.state == Order.State.UNKNOWN:
        return "UNKNOWN"
    if entry.state in (Order.State.RECORDED, Order.State.SENDING):
        return "SUBMITTING"
    if entry.cancel_sent_at is not None:
        return "CANCEL_PENDING"
    return "PARTIAL" if entry.filled else "WORKING"


def _book_position(
    intent: OrderIntent,
    entry: Order,
    rows: Sequence[Order],
    fills: Sequence[orders.Fill],
    *,
    lost: Decimal,
) -> None:
    if not fills:
        _forget_busted(intent, lost)
        return
    position = _position(intent, fills[0])
    ledger = pnl.apply(fills, position.multiplier)
    entry_done = _is_over(entry)
    before = position.state
    after = _derive(position, ledger, rows, fills, entry_done=entry_done)
    if lost and position.realised_net_usd is not None:
        position.realised_net_usd -= lost
    is_new = position._state.adding  # noqa: SLF001
    if is_new:
        _insert(position)
    else:
        position.save(update_fields=_DERIVED)
    moving.move_position(position, after)
    Fill.objects.filter(exec_id__in=[f.exec_id for f in fills]).update(position=position)
    if entry_done:
        tranching.plan(position, intent, entry.filled)
    if position.state in _OVER and before not in _OVER:
        OrderIntent.objects.filter(pk=intent.pk).update(owes_acknowledgement=True)
    telling.tell(Story(position, intent, rows, fills, ledger, entry_done))


def _derive(
    position: Position, ledger: pnl.Ledger, rows: Sequence[Order], fills: Sequence[orders.Fill],
    *, entry_done: bool,
) -> str:  # fmt: skip
    """Rewrite what follows from the executions; return the state that they amount to."""
    undone = {row.order_ref for row in rows if row.role == Role.FLATTEN and row.side == "BUY"}
    bought = [f for f in fills if f.quantity > 0 and f.order_ref not in undone]
    sold = [f for f in fills if f.quantity < 0]
    position.quantity_total = sum(fill.quantity for fill in bought)
    position.quantity_open = sum(fill.quantity for fill in fills)
    position.entry_price, position.exit_price = average(bought), average(sold)
    position.commission_usd = None if ledger.provisional else ledger.commission_usd
    position.opened_at = min(fill.executed_at for fill in fills)
    state = _position_state(position, entry_done=entry_done)
    is_over = state in _OVER
    position.closed_at = max(fill.executed_at for fill in fills) if is_over else None
    # With nothing left to hold, the cash that moved is the result, to the last cent.
    known = is_over and not ledger.provisional
    position.realised_net_usd = ledger.cash_flow_usd if known else None
    position.exit_reason = position.exit_wanted
    if is_over:
        is_settled = state == "SETTLED"
        position.exit_reason = ExitReason.EXPIRY if is_settled else _reason(position, sold, rows)
    return state


def _cost_of_busts(told: Iterable[orders.Fill]) -> Decimal:
    """What executions cost that were taken back: the broker keeps it unless it says otherwise."""
    return sum((f.commission or Decimal(0) for f in told if not f.quantity), Decimal(0))


def _forget_busted(intent: OrderIntent, lost: Decimal) -> None:
    """Every execution was taken back: nothing is held, and nothing ever was."""
    for position in Position.objects.filter(intent=intent):
        if position.quantity_open or position.quantity_total:
            Position.objects.filter(pk=position.pk).update(
                quantity_open=0, quantity_total=0, closed_at=clock.now(),
                realised_net_usd=-lost, exit_reason=ExitReason.MANUAL,
            )  # fmt: skip
            moving.move_position(position, "CLOSED")
            position.refresh_from_db()
        telling.take_back(position)


def _is_over(order: Order) -> bool:
    """An order has ended, and every execution it spoke of is here."""
    if order.filled >= order.quantity:
        return True
    return order.state in _DONE and not selectors.awaits_fills(order)


def _position(intent: OrderIntent, first: orders.Fill) -> Position:
    found = Position.objects.select_for_update().filter(intent=intent).first()
    if found is not None:
        return found
    day = calendar.session_date(first.executed_at)
    return Position(
        trade_id=_next_trade_id(day), intent=intent, account=first.account,
        con_id=first.con_id, occ=intent.occ, multiplier=intent.multiplier, symbol=intent.symbol,
        strategy=intent.strategy, direction=intent.direction, stop_price=intent.stop_price,
        exit_due_at=_exit_due(intent, first.executed_at), session_date=day, probe=intent.probe,
        source=settings.TRADING_MODE,
    )  # fmt: skip


def _insert(position: Position) -> None:
    """Write a new trade, never over another that drew the same number: then it draws again."""
    for is_last in (False, False, True):
        try:
            with transaction.atomic():
                position.save(force_insert=True)
        except IntegrityError:
            if is_last:
                raise
            position.trade_id = _next_trade_id(position.session_date)
        else:
            return


def _next_trade_id(day: date) -> str:
    """The number after the highest; who draws the same at once is refused, and draws again."""
    rows = Position.objects.filter(trade_id__startswith=f"T-{day:%Y%m%d}-")
    numbers = (int(pk.rsplit("-", 1)[1]) for pk in rows.values_list("pk", flat=True))
    return f"T-{day:%Y%m%d}-{max(numbers, default=0) + 1:03d}"


def _exit_due(intent: OrderIntent, filled_at: datetime) -> datetime | None:
    wanted = intent.signal.exit_after_s
    return None if wanted is None else filled_at + timedelta(seconds=wanted)


def _position_state(position: Position, *, entry_done: bool) -> str:
    if position.quantity_open < 0:
        return "QUARANTINED"
    if position.quantity_open == 0 and position.quantity_total and entry_done:
        settled = Settlement.objects.filter(position_id=position.pk).exists()
        return "SETTLED" if settled else "CLOSED"
    if position.state == "QUARANTINED":
        return "QUARANTINED"  # reconciliation lets go of it, nobody else
    if position.exit_started_at is not None:
        return "CLOSING"
    if not entry_done and position.quantity_open == position.quantity_total:
        return "OPENING" if position.state == "OPENING" else "OPEN"  # an entry that came back
    return "REDUCING" if position.quantity_open < position.quantity_total else "OPEN"


def _reason(position: Position, sold: Sequence[orders.Fill], rows: Sequence[Order]) -> str:
    """What ended the trade: the order that sold last; for an exit order, why it was made."""
    roles = {row.order_ref: row.role for row in rows}
    last = max(sold, key=lambda fill: fill.executed_at)
    role = roles.get(last.order_ref)
    if role == Role.EXIT:
        return position.exit_wanted or ExitReason.MANUAL
    return _EXIT_REASON.get(Role(role), ExitReason.MANUAL) if role else ExitReason.MANUAL
