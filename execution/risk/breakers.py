"""Circuit breakers: what trips them, what they do, and what ends them (DOMAIN 6.15).

`evaluate` compares facts with limits and returns only the *new* trips. A breaker fires when its
condition becomes true, not while it stays so: after a release it waits until the condition has
gone and come back, and it never fires on a scope that it still holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from execution.risk.trips import GLOBAL, Breaker, Key, Rearm, Trip
from quanticity.domain.orders import TradingState

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.breakers]."""

    daily_loss_frac: Decimal
    daily_reduce_share: Decimal
    daily_warn_share: Decimal
    daily_warn_multiplier: Decimal
    drawdown_halt_frac: Decimal
    drawdown_warn_frac: Decimal
    drawdown_multiplier: Decimal
    streak_short_n: int
    streak_short_s: float
    streak_long_n: int
    losing_sessions_n: int
    losing_sessions_multiplier: Decimal
    vol_move_sd: float
    vol_s: float
    errors_n: int
    anomalies_symbol_n: int
    anomalies_strategy_n: int
    anomalies_global_n: int
    unknown_halt_s: float
    unclean_n: int
    blind_reduce_s: float
    var_max_frac: Decimal
    stress_max_frac: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What breakers watch, counted over the windows of DOMAIN 6.15; None is unknown."""

    at: datetime
    day_pnl_usd: Decimal | None
    start_of_day_usd: Decimal | None
    drawdown_frac: Decimal | None
    loss_streaks: Mapping[str, int]  # strategy: consecutive losses
    losing_sessions_n: int
    regime_shock_onset: bool
    spy_5m_sd: float | None  # size of the last 5 min move in standard deviations
    errors_300s_n: int
    anomalies_60s: Mapping[str, int]  # symbols, strategies and "global"
    strategies: frozenset[str]
    overfilled_n: int
    oversold_n: int
    oldest_unknown_s: float | None  # with the link up
    unclean_runs_n: int
    blind_with_positions_s: float
    var_frac: Decimal | None
    worst_stress_frac: Decimal | None  # loss as a positive fraction of equity


@dataclass(frozen=True, slots=True)
class State:
    """What holds, and whose condition was true at the last look (kept as rows)."""

    holding: tuple[Trip, ...] = ()
    latched: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The new trips, and the conditions that are true now."""

    trips: tuple[Trip, ...]
    latched: frozenset[Key]


def evaluate(state: State, facts: Facts, settings: Settings) -> Evaluation:
    """Find the breakers whose condition has become true since the last look."""
    found = {
        (trip.breaker, trip.scope): trip
        for part in (_money, _book_risk, _streaks, _conduct, _sight)
        for trip in part(facts, settings)
    }
    quiet = state.latched | {(trip.breaker, trip.scope) for trip in state.holding}
    new = tuple(trip for key, trip in found.items() if key not in quiet)
    return Evaluation(new, frozenset(found))


def _money(facts: Facts, s: Settings) -> Iterable[Trip]:
    loss = _loss_frac(facts)
    if loss is not None:
        reduce_at = s.daily_loss_frac * s.daily_reduce_share
        warn_at = s.daily_loss_frac * s.daily_warn_share
        if loss >= s.daily_loss_frac:
            yield _halt(Breaker.DAILY_LOSS, GLOBAL, loss, s.daily_loss_frac, facts.at)
        if loss >= reduce_at:
            roll = Rearm.SESSION_ROLL
            yield _reduce(Breaker.DAILY_LOSS_REDUCE, GLOBAL, loss, reduce_at, facts.at, roll)
        if loss >= warn_at:
            yield _shrink(
                Breaker.DAILY_LOSS_WARN, s.daily_warn_multiplier, loss, warn_at, facts.at,
                Rearm.SESSION_ROLL,
            )  # fmt: skip
    down = facts.drawdown_frac
    if down is not None and down >= s.drawdown_halt_frac:
        yield _halt(Breaker.DRAWDOWN, GLOBAL, down, s.drawdown_halt_frac, facts.at)
    if down is not None and down >= s.drawdown_warn_frac:
        yield _shrink(
            Breaker.DRAWDOWN_WARN, s.drawdown_multiplier, down, s.drawdown_warn_frac, facts.at,
            Rearm.OPERATOR,
        )  # fmt: skip


def _book_risk(facts: Facts, s: Settings) -> Iterable[Trip]:
    pairs = (
        (Breaker.VALUE_AT_RISK, facts.var_frac, s.var_max_frac),
        (Breaker.STRESS, facts.worst_stress_frac, s.stress_max_frac),
    )
    for breaker, value, most in pairs:
        if value is not None and value > most:
            yield _reduce(breaker, GLOBAL, value, most, facts.at, Rearm.CLEAN_RUN)


def _streaks(facts: Facts, s: Settings) -> Iterable[Trip]:
    until = facts.at + timedelta(seconds=s.streak_short_s)
    for strategy, losses in sorted(facts.loss_streaks.items()):
        if losses >= s.streak_long_n:
            yield _reduce(
                Breaker.LOSS_STREAK_LONG, strategy, losses, s.streak_long_n, facts.at,
                Rearm.SESSION_ROLL,
            )  # fmt: skip
        elif losses >= s.streak_short_n:
            yield _reduce(
                Breaker.LOSS_STREAK, strategy, losses, s.streak_short_n, facts.at,
                Rearm.TIMER, until,
            )  # fmt: skip
    if facts.losing_sessions_n >= s.losing_sessions_n:
        yield _shrink(
            Breaker.LOSING_SESSIONS, s.losing_sessions_multiplier, facts.losing_sessions_n,
            s.losing_sessions_n, facts.at, Rearm.WINNING_SESSION,
        )  # fmt: skip


def _conduct(facts: Facts, s: Settings) -> Iterable[Trip]:
    if facts.errors_300s_n >= s.errors_n:
        yield _halt(Breaker.SYSTEM_ERRORS, GLOBAL, facts.errors_300s_n, s.errors_n, facts.at)
    for scope, seen in sorted(facts.anomalies_60s.items()):
        most = s.anomalies_symbol_n
        if scope == GLOBAL:
            most = s.anomalies_global_n
        elif scope in facts.strategies:
            most = s.anomalies_strategy_n
        if seen >= most:
            yield _halt(Breaker.ORDER_ANOMALIES, scope, seen, most, facts.at)
    if facts.overfilled_n:
        yield _halt(Breaker.OVERFILLED, GLOBAL, facts.overfilled_n, 0, facts.at)
    if facts.oversold_n:
        yield _halt(Breaker.OVERSOLD, GLOBAL, facts.oversold_n, 0, facts.at)
    if facts.oldest_unknown_s is not None and facts.oldest_unknown_s > s.unknown_halt_s:
        age_s, most_s = facts.oldest_unknown_s, s.unknown_halt_s
        yield _halt(Breaker.ORDER_UNKNOWN, GLOBAL, age_s, most_s, facts.at)
    if facts.unclean_runs_n >= s.unclean_n:
        yield _reduce(
            Breaker.UNCLEAN, GLOBAL, facts.unclean_runs_n, s.unclean_n, facts.at, Rearm.CLEAN_RUN
        )


def _sight(facts: Facts, s: Settings) -> Iterable[Trip]:
    sigma = facts.spy_5m_sd
    if facts.regime_shock_onset or (sigma is not None and sigma > s.vol_move_sd):
        until = facts.at + timedelta(seconds=s.vol_s)
        yield _reduce(Breaker.VOL_SPIKE, GLOBAL, sigma, s.vol_move_sd, facts.at, Rearm.TIMER, until)
    if facts.blind_with_positions_s > s.blind_reduce_s:
        yield _reduce(
            Breaker.BLIND, GLOBAL, facts.blind_with_positions_s, s.blind_reduce_s, facts.at,
            Rearm.DATA_BACK,
        )  # fmt: skip


def _loss_frac(facts: Facts) -> Decimal | None:
    if facts.day_pnl_usd is None or not facts.start_of_day_usd:
        return None
    return -facts.day_pnl_usd / facts.start_of_day_usd


def _halt(breaker: Breaker, scope: str, value: Any, threshold: Any, at: datetime) -> Trip:
    rearm = Rearm.OPERATOR
    return Trip(breaker, scope, TradingState.HALTED, _ONE, value, threshold, at, rearm)


def _reduce(
    breaker: Breaker,
    scope: str,
    value: Any,
    threshold: Any,
    at: datetime,
    rearm: Rearm,
    until: datetime | None = None,
) -> Trip:
    state = TradingState.REDUCING
    return Trip(breaker, scope, state, _ONE, value, threshold, at, rearm, until)


def _shrink(
    breaker: Breaker, multiplier: Decimal, value: Any, threshold: Any, at: datetime, rearm: Rearm
) -> Trip:
    state = TradingState.ACTIVE
    return Trip(breaker, GLOBAL, state, multiplier, value, threshold, at, rearm)
