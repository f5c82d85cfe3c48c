"""Capital: what was paid into an account, told apart from what trading made of it (DOMAIN 6.15).

Between two reports cash changed by what executions cost and by what was paid in or out; the latter
moves equity by the same amount beside what the day earned. Cash follows an execution late, and a
trade then looks like a payment; so either the broker says what the day earned, and equity less it
has moved as cash has, or both reports are quiet: some minutes after the last execution. In doubt
nothing was paid.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.capital]."""

    recognized_from_usd: Decimal
    equity_tolerance_frac: Decimal
    recorded_tolerance_frac: Decimal
    quiet_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """Cash, equity and the day's P&L by the broker (None: not said) as reported together."""

    cash_usd: Decimal
    equity_usd: Decimal
    day_pnl_usd: Decimal | None = None


def is_quiet(last_execution_at: datetime | None, at: datetime, settings: Settings) -> bool:
    """Say whether the broker has had time to renew its figures since the last execution."""
    quiet = timedelta(seconds=settings.quiet_s)
    return last_execution_at is None or at - last_execution_at >= quiet


def unexplained_usd(before: Report, now: Report, spent_usd: Decimal) -> Decimal:
    """Cash that came (+) or went (-) beside what executions between the reports cost."""
    return now.cash_usd - before.cash_usd + spent_usd


def moved_usd(
    before: Report, now: Report, spent_usd: Decimal, settings: Settings, *, quiet: bool
) -> Decimal:
    """What was paid in (+) or out (-); 0 for what is small, or did not move equity alike.

    The P&L of both reports is of one day of the broker's.
    """
    usd = unexplained_usd(before, now, spent_usd)
    if abs(usd) < settings.recognized_from_usd:
        return _ZERO
    allowed = settings.equity_tolerance_frac * abs(usd)
    grown = now.equity_usd - before.equity_usd
    if quiet and abs(grown - usd) <= allowed:
        return usd
    if before.day_pnl_usd is None or now.day_pnl_usd is None:
        return _ZERO
    earned = now.day_pnl_usd - before.day_pnl_usd
    return usd if abs(grown - earned - usd) <= allowed else _ZERO


def like(usd: Decimal, others: Iterable[Decimal], settings: Settings) -> int | None:
    """The place of the first of `others` that is the same movement, None without one."""
    allowed = settings.recorded_tolerance_frac * abs(usd)
    return next((n for n, other in enumerate(others) if abs(other - usd) <= allowed), None)
