"""Open positions, looked at every two seconds: marked, protected, trailed, left in time (6.8, 6.9).

Nothing is sent from here: a wanted price, a wanted cancellation or a new order is a row, and the
gateway process makes the broker match it.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from execution import selectors
from execution.models import Order, Position
from execution.orders import exits, stops
from execution.orders.exits import Haste
from execution.orders.ticks import Touch
from execution.risk.facts import Settings as Limits
from execution.services import (
    apart,
    leaving,
    moving,
    overdue,
    protecting,
    quality,
    results,
    settling,
    trailing,
    tranching,
    wishes,
)
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import ExitReason, Role
from quanticity.domain.signals import Strategy

_ALIVE = wishes.ALIVE
_SPARED = "SPARED"  # a 1DTE that was above its entry an hour after its last open


def manage_positions() -> None:
    """Mark, protect, trail and time every open position; settle what expired, say what is late."""
    settling.settle_due()
    overdue.look()
    quality.look()
    held = [position for position in selectors.open_positions() if position.quantity_open]
    apart.each("NOT_MANAGED", held, _manage_position)
    protecting.tend_left_behind()


def begin_exit(trade_id: str, reason: ExitReason) -> bool:
    """Decide to leave a position; False when it is leaving already or has nothing open."""
    with transaction.atomic():
        staying = Position.objects.filter(pk=trade_id, exit_started_at=None, quantity_open__gt=0)
        position = staying.select_for_update().select_related("intent").first()
        if position is None:
            return False
        staying.update(exit_started_at=clock.now(), exit_wanted=reason, exit_reason=reason)
        moving.move_position(position, "CLOSING")
    continue_exit(position.intent_id)
    return True


def continue_exit(intent_id: str) -> None:
    """Take the next step of an exit: cancel the targets, then the stops, then sell at the bid."""
    with transaction.atomic():
        position = (
            Position.objects.select_for_update()
            .filter(intent_id=intent_id, exit_started_at__isnull=False, quantity_open__gt=0)
            .select_related("intent")
            .first()
        )
        if position is None:
            return
        if selectors.awaits_sales(intent_id):
            return  # some of what we hold is sold already; it is not sold twice
        _leave(position, Order.objects.filter(intent_id=intent_id, side="SELL"))


def _leave(position: Position, sells: QuerySet[Order]) -> None:
    entries = position.intent.orders.filter(role=Role.ENTRY, state__in=_ALIVE)
    if entries.exists():
        wishes.want_off(entries)  # what is still being bought would never be sold
        return
    working = sells.filter(role=Role.EXIT, state__in=_ALIVE).first()
    if working is None and leaving.must_wait(position):
        return
    for role in (Role.TARGET, Role.STOP):
        waiting = sells.filter(role=role, state__in=_ALIVE)
        if waiting.exists():
            wishes.want_off(waiting)
            return
    haste = exits.haste(_held(position), clock.now(), _exit_settings())
    if haste is Haste.ALARMING:
        detail = f"{position.pk}: {position.quantity_open} contracts"
        raise_alarm("NOT_FLAT_IN_TIME", detail, Severity.CRITICAL, intent=position.intent)
    leaving.sell(
        position, position.quantity_open, position.exit_started_at or clock.now(), working,
        is_urgent=haste is not Haste.USUAL,
    )  # fmt: skip


def _manage_position(position: Position) -> None:
    now = clock.now()
    quote = trailing.touch_of(position.occ)
    mark = _admitted(position, quote, now)
    reached = None
    if mark is not None:
        reached = trailing.confirmed(position.mark_price, position.marked_at, mark)
        Position.objects.filter(pk=position.pk).update(
            mark_price=mark, marked_at=now, blind_s=position.blind_s + _blind_s(position, now),
            **quality.run(position, mark),
        )  # fmt: skip
        position.mark_price, position.marked_at = mark, now
    protecting.tend(position.intent_id)
    position.refresh_from_db()
    if position.exit_started_at is not None:
        continue_exit(position.intent_id)
        return
    reason = _reason_to_leave(position, mark, now)
    if reason is not None:
        begin_exit(position.pk, reason)
        return
    _mind_the_calendar(position, now)
    if reached and quote is not None and position.entry_price and calendar.current(now):
        trailing.follow(position, reached, quote, _held(position))


def _admitted(position: Position, quote: Touch | None, now: datetime) -> Decimal | None:
    """The mark of a quote; right after the open it takes two, seconds apart (DOMAIN 1.6)."""
    settings = section("execution.stops", stops.Settings)
    mark, today = stops.mark_of(quote, settings), calendar.current(now)
    if today is None or now - today.open_at >= timedelta(seconds=settings.opening_s):
        return mark
    first = position.opening_at
    if mark is not None and first is not None and first >= today.open_at:
        return mark if now - first >= timedelta(seconds=settings.opening_apart_s) else None
    Position.objects.filter(pk=position.pk).update(opening_at=None if mark is None else now)
    return None


def _blind_s(position: Position, now: datetime) -> float:
    """Seconds held without a mark until now, beyond what passes from one look to the next."""
    last = position.marked_at or position.opened_at or now
    gap_s = (now - last).total_seconds()
    is_usual = gap_s <= section("execution.risk", Limits).quote_max_age_s
    return 0.0 if is_usual or calendar.current(last) is None else gap_s


def _reason_to_leave(position: Position, mark: Decimal | None, now: datetime) -> ExitReason | None:
    if position.exit_due_at is not None and now >= position.exit_due_at:
        return ExitReason.TIME
    if exits.is_due(_held(position), now, _exit_settings()):
        return ExitReason.TIME
    if mark is not None and trailing.is_breached(position, mark, now):
        return ExitReason.BACKUP_STOP
    return None


def _mind_the_calendar(position: Position, now: datetime) -> None:
    """Rules that act once per position and session: half before the night, notices of expiry."""
    held, settings = _held(position), _exit_settings()
    opened_at = position.opened_at or now
    today = calendar.session_date(now)
    if exits.is_halving_due(held, opened_at, now, settings):
        with transaction.atomic():
            if _fires(position, f"HALVE {today}"):
                _part_with(position, position.quantity_open // 2)
    if exits.is_spared(held, now, settings):
        _fires(position, f"{_SPARED} {today}")
    days = exits.notice(held, now, settings)
    if days is not None and _fires(position, f"NOTICE {days}"):
        detail = f"{position.pk} expires in {calendar.days_to(held.expiry, now)} days"
        raise_alarm("EXPIRY_NEAR", detail, Severity.HIGH, intent=position.intent)


def _part_with(position: Position, quantity: int) -> None:
    """Sell some of it, the rest stays protected."""
    with transaction.atomic():
        if tranching.part_with(position, quantity):
            Position.objects.filter(pk=position.pk).update(exit_wanted=ExitReason.TIME)
            protecting.tend(position.intent_id)


def _fires(position: Position, marker: str) -> bool:
    """Mark a rule as done; False when it was."""
    if marker in position.rules_fired:
        return False
    position.rules_fired = [*position.rules_fired, marker]
    Position.objects.filter(pk=position.pk).update(rules_fired=position.rules_fired)
    return True


def _held(position: Position) -> exits.Held:
    marked_at = position.marked_at
    is_fresh = marked_at is not None and clock.now() - marked_at <= results.MARK_LIVES
    return exits.Held(
        Strategy(position.strategy), parse_occ(position.occ).expiry, position.session_date,
        position.entry_price or Decimal(0), position.mark_price if is_fresh else None,
        any(marker.startswith(_SPARED) for marker in position.rules_fired),
        position.intent.trades_until_at,
    )  # fmt: skip


def _exit_settings() -> exits.Settings:
    found: exits.Settings = section("execution.exits", exits.Settings)
    return found
