"""Capital: what was paid into an account, told apart from what trading made of it (DOMAIN 6.15).

A trade exchanges cash for contracts: cash plus what its executions cost stays as it was, and so
does equity but for spreads and commissions. A deposit moves both by the same amount at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_ZERO = Decimal(0)
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.capital]."""

    recognized_from_usd: Decimal
    recorded_tolerance_frac: Decimal


@dataclass(frozen=True, slots=True)
class Capital:
    """Cash with the cost of every execution put back, and equity, as reported together."""

    paid_in_usd: Decimal
    equity_usd: Decimal


def moved_usd(before: Capital, now: Capital, settings: Settings) -> Decimal:
    """What came in (+) or went out (-) between two reports; 0 while trades may explain it.

    An execution that the broker has counted and we have not heard moves cash without equity.
    """
    usd = now.paid_in_usd - before.paid_in_usd
    traded = now.equity_usd - before.equity_usd - usd
    if abs(usd) < settings.recognized_from_usd or abs(traded) > _HALF * abs(usd):
        return _ZERO
    return usd


def is_settled(before: Capital, now: Capital, settings: Settings) -> bool:
    """Say whether nothing is left to explain, so that the next change counts from here."""
    unexplained = abs(now.paid_in_usd - before.paid_in_usd)
    return unexplained < settings.recognized_from_usd or moved_usd(before, now, settings) != 0


def like(usd: Decimal, others: Iterable[Decimal], settings: Settings) -> int | None:
    """The place of the first of `others` that is the same movement, None without one."""
    allowed = settings.recorded_tolerance_frac * abs(usd)
    return next((n for n, other in enumerate(others) if abs(other - usd) <= allowed), None)
