"""Working entries and open positions, looked at every second or two: walk, ratchet, leave.

Nothing is sent from here: a wanted price, a wanted cancellation or a new order is a row, and the
gateway process makes the broker match it.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from execution import selectors
from execution.models import Order, OrderIntent, Position, PositionEvent
from execution.orders import exits, pricing, stops, tickets
from execution.orders.references import order_ref, parse_order_ref
from execution.orders.ticks import Touch, touch
from execution.risk.facts import Settings as Limits
from execution.risk.verdict import Denied
from execution.services import booking, broker, opening
from execution.services.facts import increments_of
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import ExitReason, Role
from quanticity.domain.signals import Strategy
from quanticity.store import health, market

_ALIVE = (Order.State.RECORDED, Order.State.SENDING, Order.State.WORKING, Order.State.UNKNOWN)
_UNFINISHED = timedelta(seconds=30)
_HUNDRED = Decimal(100)
_NOTICE_FRAC = Decimal("0.10")  # of entry: a stop that moved less is not told (DOMAIN 7.1)


def manage_entries() -> None:
    """Walk or abandon every entry that works; end intents that a crash left unrecorded."""
    opening.give_up_unfinished(_UNFINISHED)
    broker.expire_stale()
    rows = Order.objects.filter(
        role=Role.ENTRY, state=Order.State.WORKING, cancel_wanted_at=None
    ).select_related("intent")
    changed = sum(_manage_entry(row) for row in rows)
    if changed:
        health.wake("gateway")


def manage_positions() -> None:
    """Mark, protect and time every open position."""
    for position in selectors.open_positions():
        if position.quantity_open > 0:
            _manage_position(position)


def begin_exit(trade_id: str, reason: ExitReason) -> bool:
    """Decide to leave a position; False when it is leaving already or has nothing open."""
    begun = Position.objects.filter(pk=trade_id, exit_started_at=None, quantity_open__gt=0).update(
        exit_started_at=clock.now(), exit_reason=reason, state="CLOSING"
    )
    if begun:
        continue_exit(Position.objects.get(pk=trade_id).intent_id)
    return bool(begun)


def continue_exit(intent_id: str) -> None:
    """Take the next step of an exit: cancel the target, then the stop, then sell at the bid."""
    with transaction.atomic():
        position = (
            Position.objects.select_for_update()
            .filter(intent_id=intent_id, exit_started_at__isnull=False, quantity_open__gt=0)
            .first()
        )
        if position is None:
            return
        sells = Order.objects.filter(intent_id=intent_id, side="SELL")
        if any(selectors.awaits_fills(row) for row in sells.exclude(state__in=_ALIVE)):
            return  # some of what we hold is sold already; it is not sold twice
        alive = sells.filter(state__in=_ALIVE)
        for role in (Role.TARGET, Role.STOP):
            waiting = alive.filter(role=role)
            if waiting.exists():
                waiting.filter(cancel_wanted_at=None).update(cancel_wanted_at=clock.now())
                break
        else:
            _sell(position, alive.filter(role=Role.EXIT).first())
        transaction.on_commit(lambda: health.wake("gateway"))


def _manage_entry(row: Order) -> bool:
    intent, now = row.intent, clock.now()
    prices = section("execution.pricing", pricing.Settings)
    plan = _plan_of(intent, prices)
    quote = _touch(row.occ)
    elapsed = (now - (row.sent_at or now)).total_seconds()
    mid = Decimal(intent.signal.reference["mid"])
    if plan is None or pricing.is_abandoned(
        plan, elapsed, mid, quote, prices, partly_filled=row.filled > 0
    ):
        return bool(Order.objects.filter(pk=row.pk).update(cancel_wanted_at=now))
    if quote is None:
        return False
    limit = pricing.walked(plan, elapsed, quote, increments_of(intent.symbol))
    if row.limit_price is None or limit <= row.limit_price:
        return False
    return bool(Order.objects.filter(pk=row.pk).update(wanted_limit=limit))


def _plan_of(intent: OrderIntent, prices: pricing.Settings) -> pricing.EntryPlan | None:
    """The plan as it was made: from the quote at sizing, which is kept on the intent."""
    if intent.arrival_mid is None or intent.arrival_spread is None:
        return None
    half = intent.arrival_spread / 2
    plan = pricing.plan_entry(
        Strategy(intent.strategy), intent.signal.confidence,
        touch(intent.arrival_mid - half, intent.arrival_mid + half),
        increments_of(intent.symbol), prices,
    )  # fmt: skip
    return None if isinstance(plan, Denied) else plan


def _manage_position(position: Position) -> None:
    now, quote = clock.now(), _touch(position.occ)
    stop_settings = section("execution.stops", stops.Settings)
    mark = stops.mark_of(quote, stop_settings)
    if mark is not None:
        position.mark_price, position.marked_at = mark, now
        Position.objects.filter(pk=position.pk).update(mark_price=mark, marked_at=now)
    booking.measure_protection(position)
    if position.exit_started_at is not None:
        continue_exit(position.intent_id)
        return
    if _is_due(position, now):
        begin_exit(position.pk, ExitReason.TIME)
        return
    if mark is not None and quote is not None and position.entry_price:
        _ratchet(position, mark, quote, stop_settings)


def _is_due(position: Position, now: datetime) -> bool:
    if position.exit_due_at is not None and now >= position.exit_due_at:
        return True
    held = exits.Held(
        Strategy(position.strategy), parse_occ(position.occ).expiry, position.session_date,
        position.entry_price or Decimal(0), position.mark_price,
    )  # fmt: skip
    return exits.is_due(held, now, section("execution.exits", exits.Settings))


def _ratchet(
    position: Position, mark: Decimal, quote: Touch, stop_settings: stops.Settings
) -> None:
    entry = position.entry_price or mark
    before = stops.Ratchet(entry, position.peak_price or entry, position.stop_price)
    step = stops.advance(
        before, mark, increments_of(position.symbol), stop_settings,
        spread_pct=quote.spread_frac * _HUNDRED,
    )  # fmt: skip
    changes = {"peak_price": step.ratchet.peak}
    stop = Order.objects.filter(
        intent_id=position.intent_id, role=Role.STOP, state=Order.State.WORKING
    ).first()
    with transaction.atomic():
        if step.moved and stop is not None and step.ratchet.stop is not None:
            changes["stop_price"] = step.ratchet.stop
            Order.objects.filter(pk=stop.pk).update(wanted_stop=step.ratchet.stop)
            _tell_adjustment(position, step.ratchet.stop, entry)
        Position.objects.filter(pk=position.pk).update(**changes)
    if len(changes) > 1:
        health.wake("gateway")


def _tell_adjustment(position: Position, stop: Decimal, entry: Decimal) -> None:
    told = position.events.filter(kind=PositionEvent.Kind.ADJUSTMENT).order_by("seq").last()
    if not position.events.filter(kind=PositionEvent.Kind.ENTRY).exists():
        return
    last = Decimal(told.facts["stop_price"]) if told else position.intent.stop_price or Decimal(0)
    crossed = last <= entry < stop
    if not crossed and (last <= entry or stop - last < _NOTICE_FRAC * entry):
        return
    now = clock.now()
    facts = booking.common_facts(position, position.intent, now) | {
        "stop_from": f"{last:.2f}", "stop_price": f"{stop:.2f}",
        "locked_in_frac": str(round((stop - entry) / entry, 4)),
        "quantity": position.quantity_open, "remaining_quantity": position.quantity_open,
        "targets": [], "exit_reason": "TRAIL",
    }  # fmt: skip
    booking.write_event(position, PositionEvent.Kind.ADJUSTMENT, now, facts)


def _sell(position: Position, working: Order | None) -> None:
    """Record the exit order, or move the one that works to where the bid is now."""
    started = position.exit_started_at or clock.now()
    quote = market.contract_quote(position.occ)
    bid = None if quote is None or quote.bid is None else Decimal(str(quote.bid))
    limit = pricing.exit_limit(
        bid, (clock.now() - started).total_seconds(), increments_of(position.symbol),
        section("execution.pricing", pricing.Settings),
    )  # fmt: skip
    if limit is None:
        return
    if working is not None:
        if working.state == Order.State.WORKING and working.limit_price != limit:
            Order.objects.filter(pk=working.pk).update(wanted_limit=limit)
        return
    intent = position.intent
    number = _next_number(intent)
    ticket = tickets.sell_to_close(
        order_ref(settings.TRADING_MODE, intent.pk, Role.EXIT, number),
        parse_occ(position.occ), position.quantity_open,
        tickets.Cover(position.quantity_open), limit=limit,
    )  # fmt: skip
    if not isinstance(ticket, Denied):
        Order.objects.create(**opening.order_fields(intent, ticket, ""), recorded_at=clock.now())


def _next_number(intent: OrderIntent) -> int:
    refs = intent.orders.filter(role=Role.EXIT).values_list("order_ref", flat=True)
    parsed = (parse_order_ref(ref) for ref in refs)
    return max((ref.n for ref in parsed if ref is not None), default=0) + 1


def _touch(occ: str) -> Touch | None:
    quote = market.contract_quote(occ)
    limits = section("execution.risk", Limits)
    if quote is None or (clock.now() - quote.event_at).total_seconds() > limits.quote_max_age_s:
        return None
    return touch(quote.bid, quote.ask)
