"""How well we traded: what the spread cost, what the price did after, how far a trade ran (6.18).

Prices are dollars per share. A markout is positive when the market went our way after the fill.
"""

from dataclasses import dataclass
from decimal import Decimal

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.quality]."""

    markouts_s: tuple[float, ...]
    look_within_s: float


@dataclass(frozen=True, slots=True)
class Excursion:
    """The worst and the best mark of a trade, in percent of its entry."""

    worst_pct: Decimal
    best_pct: Decimal


def spread_paid(price: Decimal, bid: Decimal, ask: Decimal, sign: int) -> Decimal | None:
    """Share of the half-spread that a fill gave away: 1 at the touch, 0 at mid, less if better.

    `sign` is + for a buy. None where bid and ask are the same: there was nothing to pay.
    """
    half = (ask - bid) / 2
    return None if half <= 0 else (price - (bid + ask) / 2) * sign / half


def markout(price: Decimal, mid_after: Decimal, sign: int) -> Decimal:
    """What the mid did after a fill, in our favor."""
    return (mid_after - price) * sign


def run(before: Excursion | None, entry: Decimal, mark: Decimal) -> Excursion:
    """Take one mark of a held trade; entry itself is the first."""
    pct = (mark / entry - 1) * _HUNDRED
    worst, best = (before.worst_pct, before.best_pct) if before else (Decimal(0), Decimal(0))
    return Excursion(min(worst, pct), max(best, pct))
