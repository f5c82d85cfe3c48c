"""Timed exits: when a position must go, whatever its price (DOMAIN 6.9).

Every rule is relative to the session's own open and close, so half days need no rule of their own.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from quanticity.domain import calendar
from quanticity.domain.signals import Strategy


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.exits]: minutes before a close or after an open."""

    zero_dte_before_close_min: float
    expiry_before_close_min: float
    one_dte_losing_after_open_min: float
    one_dte_before_close_min: float
    fourteen_dte_before_close_min: float
    moc_before_close_min: float


@dataclass(frozen=True, slots=True)
class Held:
    """What a timed exit depends on."""

    strategy: Strategy
    expiry: date
    opened: date  # session
    entry: Decimal
    mark: Decimal | None


def is_due(held: Held, at: datetime, s: Settings) -> bool:
    """Say whether a rule tells this position to leave now."""
    return any(at >= instant for instant in _instants(held, s))


def _instants(held: Held, s: Settings) -> list[datetime]:
    last = calendar.session(held.expiry)
    found = [last.close_at - timedelta(minutes=s.expiry_before_close_min)]
    match held.strategy:
        case Strategy.ZERO_DTE:
            found.append(last.close_at - timedelta(minutes=s.zero_dte_before_close_min))
        case Strategy.ONE_DTE:
            losing = held.mark is not None and held.mark <= held.entry
            early = last.open_at + timedelta(minutes=s.one_dte_losing_after_open_min)
            late = last.close_at - timedelta(minutes=s.one_dte_before_close_min)
            found.append(early if losing else late)
        case Strategy.FOURTEEN_DTE:
            before = calendar.previous_session(held.expiry)
            found.append(before.close_at - timedelta(minutes=s.fourteen_dte_before_close_min))
        case Strategy.MOC:
            opened = calendar.session(held.opened)
            found.append(opened.close_at - timedelta(minutes=s.moc_before_close_min))
    return found
