"""Circuit breakers at work: look, trip, act, end, release (DOMAIN 6.15).

A trip is a row before anything is done about it, and the state of trading follows from the rows
that hold. Looking twice, or from two workers at once, trips once.
"""

import logging
from datetime import timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction

from execution import selectors
from execution.models import (
    AccountValues,
    BreakerLatch,
    BreakerTrip,
    Position,
    RiskEvent,
    SessionResult,
)
from execution.risk import breakers, gauges, trips
from execution.risk.trips import Breaker, Rearm, Relief, Trip
from execution.services import book_risk, breaker_facts, halting, managing, notices, outages
from execution.services.alarms import Severity, raise_alarm
from quanticity import audit
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import ExitReason, TradingState

logger = logging.getLogger(__name__)
ACTOR = "breaker"
_BY_MEASURE = (Breaker.VALUE_AT_RISK, Breaker.STRESS)  # a clean run is one that finds less
_NEXT_SESSION = (Breaker.DAILY_LOSS,)
_STREAKS = (Breaker.LOSS_STREAK, Breaker.LOSS_STREAK_LONG)
_BY_HAND = Rearm.OPERATOR


def watch() -> list[Trip]:
    """Look once at every breaker; return the trips that are new."""
    facts = breaker_facts.gather()
    limits = section("execution.breakers", breakers.Settings)
    book_risk.keep_gauges(gauges.read(facts, limits))
    found = breakers.evaluate(_state(), facts, limits)
    _rearm(facts, found)
    _alarm_when_long_blind(facts)
    outages.tell(facts.at)
    new = [trip for trip in found.trips if _keep(trip)]
    _latch(found.latched)
    for trip in new:
        _act(trip)
    return new


def release(trip_id: int, *, actor: str, reason: str) -> BreakerTrip:
    """End a trip by hand; a daily-loss halt stands until the session is over."""
    if not reason.strip():
        raise MalformedInput("expected a reason, was nothing")
    row = BreakerTrip.objects.get(pk=trip_id)
    same_session = calendar.session_date(row.at) == calendar.session_date(clock.now())
    if row.breaker in _NEXT_SESSION and same_session:
        raise MalformedInput(f"{row.breaker} stands until the next session")
    if not _end(row, actor, reason):
        raise MalformedInput(f"{row.breaker} on {row.scope} has ended already")
    if row.breaker == Breaker.DRAWDOWN:
        _restart_high_water(actor, reason)
    return BreakerTrip.objects.get(pk=trip_id)


def release_scope(scope: str, *, actor: str, reason: str) -> list[str]:
    """Release what an operator may end in one scope; say what still holds there, and why."""
    held = selectors.held_breakers().filter(scope=scope)
    left = [f"{row.breaker} ends by itself: {row.rearm}" for row in held.exclude(rearm=_BY_HAND)]
    for row in held.filter(rearm=_BY_HAND):
        try:
            release(row.pk, actor=actor, reason=reason)
        except MalformedInput as error:
            left.append(str(error))
    return left


def record_error(task: str, error: str) -> None:
    """Count a failed execution task among the errors that a breaker watches."""
    RiskEvent.objects.create(
        code=breaker_facts.ERROR_CODE, value=task[:120], threshold=error[:120], at=clock.now()
    )


def _alarm_when_long_blind(facts: breakers.Facts) -> None:
    most_s = section("execution.watching", breaker_facts.Settings).blind_alert_s
    if facts.blind_with_positions_s > most_s:
        since = facts.at - timedelta(seconds=facts.blind_with_positions_s)
        detail = f"positions are open and nothing has been seen since {since:%H:%M} UTC"
        raise_alarm("BLIND", detail, Severity.CRITICAL)


def _state() -> breakers.State:
    latched = BreakerLatch.objects.values_list("breaker", "scope")
    keys = {(Breaker(name), scope) for name, scope in latched}
    lost_again = {key for key in keys if key[0] in _STREAKS and _has_lost_since(*key)}
    return breakers.State(selectors.holding_trips(), frozenset(keys - lost_again))


def _has_lost_since(breaker: Breaker, strategy: str) -> bool:
    """Say whether a strategy has lost once more since its streak last tripped."""
    last = BreakerTrip.objects.filter(breaker=breaker, scope=strategy).order_by("at").last()
    if last is None:
        return False
    lost = Position.objects.filter(strategy=strategy, probe=False, realised_net_usd__lt=0)
    return lost.filter(closed_at__gt=last.at).exists()


def _latch(latched: frozenset[trips.Key]) -> None:
    known = {(row.breaker, row.scope): row.pk for row in BreakerLatch.objects.all()}
    gone = [pk for key, pk in known.items() if key not in latched]
    BreakerLatch.objects.filter(pk__in=gone).delete()
    fresh = [BreakerLatch(breaker=b, scope=s) for b, s in latched if (b, s) not in known]
    BreakerLatch.objects.bulk_create(fresh, ignore_conflicts=True)


def _keep(trip: Trip) -> bool:
    """Commit a trip with its record; False when another look has it already."""
    value, threshold = _text(trip.value), _text(trip.threshold)
    try:
        with transaction.atomic():
            BreakerTrip.objects.create(
                breaker=trip.breaker, scope=trip.scope, state=trip.state,
                multiplier=trip.multiplier, value=value, threshold=threshold, at=trip.at,
                rearm=trip.rearm, until=trip.until,
            )  # fmt: skip
            RiskEvent.objects.create(
                code=trip.breaker, value=f"{trip.scope}: {value}", threshold=threshold, at=trip.at
            )
            audit.record(
                ACTOR, "breaker tripped", trip.scope, after=str(trip.state),
                reason=f"{trip.breaker}: {value} against {threshold}",
            )  # fmt: skip
            if trip.state is TradingState.HALTED:
                notices.of_halt(trip.scope)
    except IntegrityError:
        return False
    return True


def _act(trip: Trip) -> None:
    logger.error(
        "breaker %s tripped on %s: %s against %s -> %s, stake x%s",
        trip.breaker, trip.scope, _text(trip.value), _text(trip.threshold), trip.state,
        trip.multiplier,
    )  # fmt: skip
    if trip.state is not TradingState.ACTIVE:
        halting.stop_entries(trip.scope)
    wanted = section("execution.watching", breaker_facts.Settings).flatten_on_daily_loss
    if trip.breaker is Breaker.DAILY_LOSS and wanted:
        for position in selectors.open_positions():
            managing.begin_exit(position.pk, ExitReason.FLATTEN)


def _rearm(facts: breakers.Facts, found: breakers.Evaluation) -> None:
    holding = {(trip.breaker, trip.scope): trip for trip in selectors.holding_trips()}
    for row in selectors.held_breakers():
        trip = holding.get((Breaker(row.breaker), row.scope))
        if trip is not None and trips.rearmed((trip,), _relief(trip, facts, found)):
            _end(row, ACTOR, f"over by itself: {trip.rearm}")


def _relief(trip: Trip, facts: breakers.Facts, found: breakers.Evaluation) -> Relief:
    """What has happened since this trip that may end it."""
    today = calendar.session_date(facts.at)
    won = SessionResult.objects.filter(at__gt=trip.at, day_pnl_usd__gt=0)
    return Relief(
        at=facts.at,
        session_rolled=calendar.session_date(trip.at) < today,
        won_session=trip.rearm is Rearm.WINNING_SESSION and won.exists(),
        clean_run=_has_calmed(trip, facts, found),
        sighted=facts.blind_with_positions_s == 0,
    )


def _has_calmed(trip: Trip, facts: breakers.Facts, found: breakers.Evaluation) -> bool:
    if trip.breaker in _BY_MEASURE:
        measures = {
            Breaker.VALUE_AT_RISK: facts.var_frac, Breaker.STRESS: facts.worst_stress_frac,
        }  # fmt: skip
        known = measures[trip.breaker] is not None
        return known and (trip.breaker, trip.scope) not in found.latched
    last = selectors.last_reconciliation()
    return last is not None and last.is_clean and last.at > trip.at


def _end(row: BreakerTrip, actor: str, reason: str) -> bool:
    with transaction.atomic():
        ended = BreakerTrip.objects.filter(pk=row.pk, ended_at=None).update(
            ended_at=clock.now(), ended_by=actor, reason=reason[:300]
        )
        if ended:
            audit.record(
                actor, "breaker ended", row.scope, reason=reason, before=row.state,
                after=row.breaker,
            )  # fmt: skip
    return bool(ended)


def _restart_high_water(actor: str, reason: str) -> None:
    """After a released drawdown equity is measured from where it is now."""
    for row in AccountValues.objects.all():
        audit.record(
            actor, "high-water mark restarted", row.account, reason=reason,
            before=str(row.high_water_usd), after=str(row.equity_usd),
        )  # fmt: skip
        AccountValues.objects.filter(pk=row.pk).update(high_water_usd=row.equity_usd)


def _text(value: object) -> str:
    """Say a measure as people read it: no more than six figures."""
    return f"{float(value):.6g}" if isinstance(value, (int, float, Decimal)) else "unknown"
