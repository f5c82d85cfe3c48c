"""What every strategy shares: its promise, its hours, and the gates in front of all of them.

A strategy is a pure function `evaluate(features, settings) -> Decision`. Its settings carry the
same four groups: which symbols, which hours, which rules of scoring, which contract to look for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Protocol

from analytics.strategies import contracts, scoring
from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.signals import Features, Gate


class Anchor(StrEnum):
    """Which end of the session a window's start is counted from."""

    OPEN = "open"
    CLOSE = "close"


class Weekday(IntEnum):
    """The feature `weekday`."""

    MONDAY = 0
    FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of entry, [start, end), relative to the session, so that half days need no rule."""

    start_from: Anchor
    start_min: float
    end_before_close_min: float


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old and how blind the features may be."""

    max_age_s: float
    max_blind_s: float


class Playbook(Protocol):
    """The groups that the settings of every strategy have."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Underlyings it may trade."""
        ...

    @property
    def window(self) -> Window:
        """Hours of entry."""
        ...

    @property
    def freshness(self) -> Freshness:
        """Common vetoes."""
        ...

    @property
    def scoring(self) -> scoring.Settings:
        """From components to an outcome."""
        ...

    @property
    def contract(self) -> contracts.Settings:
        """Which listed contract to buy."""
        ...


def window(playbook: Playbook, session: Session) -> tuple[datetime, datetime]:
    """First instant of entry in that session, and the first instant that is too late."""
    hours = playbook.window
    offset = timedelta(minutes=hours.start_min)
    start = (
        session.open_at + offset if hours.start_from is Anchor.OPEN else session.close_at - offset
    )
    return start, session.close_at - timedelta(minutes=hours.end_before_close_min)


def context_gates(playbook: Playbook, symbol: str, at: datetime) -> tuple[Gate, ...]:
    """The context gates that need nothing but the calendar: session, window, symbol."""
    session = calendar.current(at)
    hours = None if session is None else window(playbook, session)
    return (
        Gate("SESSION", at, None if session is None else session.date, session is not None),
        Gate("WINDOW", at, hours, hours is not None and hours[0] <= at < hours[1]),
        Gate("SYMBOL", symbol, playbook.symbols, symbol in playbook.symbols),
    )


def common_gates(
    features: Features, required: tuple[str, ...], limits: Freshness
) -> tuple[Gate, ...]:
    """The vetoes of all strategies; what cannot be known to be fresh is not."""
    age_s, blind_s = features["age_s"], features["blind_300s_s"]
    quality, delayed = features["chain_quality"], features["chain_delayed"]
    missing = tuple(name for name in required if features[name] is None)
    usable = quality is not None and quality != "INVALID" and delayed is False
    return (
        at_most("STALE", age_s, limits.max_age_s),
        at_most("BLIND", blind_s, limits.max_blind_s),
        Gate("CHAIN_INVALID", (quality, delayed), None, usable),
        Gate("MISSING_REQUIRED", missing, required, not missing),
    )


def at_most(code: str, value: float | None, limit: float) -> Gate:
    """A gate that a value passes when it is there and not above the limit."""
    return Gate(code, value, limit, is_at_most(value, limit))


def at_least(code: str, value: float | None, limit: float) -> Gate:
    """A gate that a value passes when it is there and not below the limit."""
    return Gate(code, value, limit, is_at_least(value, limit))


def has_required(gates: tuple[Gate, ...]) -> bool:
    """Say whether every required feature is there: only then are a strategy's own vetoes asked."""
    return all(gate.passed for gate in gates if gate.code == "MISSING_REQUIRED")


def sign(value: float | None) -> int:
    """+1, -1, or 0 for zero and for what is missing."""
    return 0 if value is None else (value > 0) - (value < 0)


def sign_from(value: float | None, least: float) -> int:
    """The sign of a value whose magnitude reaches `least`, else 0."""
    return 0 if value is None or abs(value) < least else sign(value)


def same_way(one: float | None, other: float | None) -> bool:
    """Say whether both are there and have one sign."""
    return sign(one) != 0 and sign(one) == sign(other)


def distance_pct(price: float | None, level: float | None) -> float | None:
    """How far a price lies above a level, in percent of the level."""
    return None if price is None or not level else (price / level - 1) * 100


def is_at_most(value: float | None, limit: float) -> bool:
    """Say whether the value is there and not above the limit."""
    return value is not None and value <= limit


def is_at_least(value: float | None, limit: float) -> bool:
    """Say whether the value is there and not below the limit."""
    return value is not None and value >= limit
