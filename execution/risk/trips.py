"""Trips: what a circuit breaker holds, what follows from it, and what ends it (DOMAIN 6.15).

From the trips that hold follow the effective trading state (the most severe) and the risk
multiplier (the smallest). A restart clears nothing: trips are kept as rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from quanticity.domain.orders import TradingState

GLOBAL = "global"
_ONE = Decimal(1)
_SEVERITY = (TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED)


class Rearm(StrEnum):
    """Who or what ends a trip."""

    OPERATOR = "OPERATOR"
    SESSION_ROLL = "SESSION_ROLL"
    TIMER = "TIMER"
    WINNING_SESSION = "WINNING_SESSION"
    CLEAN_RUN = "CLEAN_RUN"
    DATA_BACK = "DATA_BACK"


class Breaker(StrEnum):
    """The breakers by name."""

    DAILY_LOSS = "DAILY_LOSS"
    DAILY_LOSS_REDUCE = "DAILY_LOSS_REDUCE"
    DAILY_LOSS_WARN = "DAILY_LOSS_WARN"
    DRAWDOWN = "DRAWDOWN"
    DRAWDOWN_WARN = "DRAWDOWN_WARN"
    LOSS_STREAK = "LOSS_STREAK"
    LOSS_STREAK_LONG = "LOSS_STREAK_LONG"
    LOSING_SESSIONS = "LOSING_SESSIONS"
    VOL_SPIKE = "VOL_SPIKE"
    SYSTEM_ERRORS = "SYSTEM_ERRORS"
    ORDER_ANOMALIES = "ORDER_ANOMALIES"
    OVERFILLED = "OVERFILLED"
    OVERSOLD = "OVERSOLD"
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    UNCLEAN = "UNCLEAN"
    BLIND = "BLIND"
    VALUE_AT_RISK = "VALUE_AT_RISK"
    STRESS = "STRESS"


Key = tuple[Breaker, str]  # breaker, scope


@dataclass(frozen=True, slots=True)
class Trip:
    """One breaker holding one scope: its effect, what it saw, and how it ends."""

    breaker: Breaker
    scope: str
    state: TradingState
    multiplier: Decimal
    value: Any
    threshold: Any
    at: datetime
    rearm: Rearm
    until: datetime | None = None


def effective(
    scopes: Iterable[str], states: Mapping[str, TradingState], holding: Iterable[Trip]
) -> TradingState:
    """The most severe of the operator's states and the breakers' over these scopes and global."""
    wanted = {GLOBAL, *scopes}
    found = [state for scope, state in states.items() if scope in wanted]
    found += [trip.state for trip in holding if trip.scope in wanted]
    return max(found, key=_SEVERITY.index, default=TradingState.ACTIVE)


def risk_multiplier(holding: Iterable[Trip], scopes: Iterable[str] = ()) -> Decimal:
    """The smallest multiplier in force, not their product."""
    wanted = {GLOBAL, *scopes}
    return min((trip.multiplier for trip in holding if trip.scope in wanted), default=_ONE)


@dataclass(frozen=True, slots=True)
class Relief:
    """What has happened that ends trips by itself."""

    at: datetime
    session_rolled: bool = False
    won_session: bool = False
    clean_run: bool = False
    sighted: bool = False


def rearmed(holding: Iterable[Trip], relief: Relief) -> tuple[Trip, ...]:
    """The trips that end now; those of the operator never end by themselves."""
    return tuple(trip for trip in holding if _is_over(trip, relief))


def _is_over(trip: Trip, relief: Relief) -> bool:
    over = {
        Rearm.OPERATOR: False,
        Rearm.SESSION_ROLL: relief.session_rolled,
        Rearm.TIMER: trip.until is not None and relief.at >= trip.until,
        Rearm.WINNING_SESSION: relief.won_session,
        Rearm.CLEAN_RUN: relief.clean_run,
        Rearm.DATA_BACK: relief.sighted,
    }
    return over[trip.rearm]
