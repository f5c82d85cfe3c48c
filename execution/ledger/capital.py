"""Capital: what was paid into an account, told apart from what trading made of it (DOMAIN 6.15).

Only quiet reports are compared: some minutes after the last execution, when the broker has renewed
all its figures. Between two of them cash changed by what executions cost and by what was paid in
or out; the latter moves equity by the same amount. In doubt nothing was paid.
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
    """Cash and equity as reported together."""

    cash_usd: Decimal
    equity_usd: Decimal


def is_quiet(last_execution_at: datetime | None, at: datetime, settings: Settings) -> bool:
    """Say whether the broker has had time to renew its figures since the last execution."""
    quiet = timedelta(seconds=settings.quiet_s)
    return last_execution_at is None or at - last_execution_at >= quiet


def unexplained_usd(before: Report, now: Report, spent_usd: Decimal) -> Decimal:
    """Cash that came (+) or went (-) beside what executions between the reports cost."""
    return now.cash_usd - before.cash_usd + spent_usd


def moved_usd(before: Report, now: Report, spent_usd: Decimal, settings: Settings) -> Decimal:
    """What was paid in (+) or out (-); 0 for what is small, or did not move equity alike."""
    usd = unexplained_usd(before, now, spent_usd)
    other = now.equity_usd - before.equity_usd - usd
    if abs(usd) < settings.recognized_from_usd:
        return _ZERO
    return usd if abs(other) <= settings.equity_tolerance_frac * abs(usd) else _ZERO


def like(usd: Decimal, others: Iterable[Decimal], settings: Settings) -> int | None:
    """The place of the first of `others` that is the same movement, None without one."""
    allowed = settings.recorded_tolerance_frac * abs(usd)
    return next((n for n, other in enumerate(others) if abs(other - usd) <= allowed), None)
