"""How at-the-money volatility has moved in half an hour, at constant strikes (DOMAIN 3.4)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean

import numpy as np

from analytics import states
from analytics.calculators.pricing import PricedChain

_SPAN = timedelta(minutes=30)
_SLACK = timedelta(minutes=2)
_EVERY = timedelta(seconds=60)
_NEAREST_SESSIONS = 1  # 0DTE and 1DTE


@dataclass(frozen=True, slots=True)
class Point:
    """Volatility at one strike of one expiry."""

    expiry: date
    strike: float
    iv: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Which strikes were at the money at one instant, and their volatility."""

    at: datetime
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of the last half hour, oldest first."""

    marks: tuple[Mark, ...] = ()


def change_30m(symbol: str, found: PricedChain) -> float | None:
    """Volatility points gained since 30 min ago at the strikes of then; None without both ends."""
    before = states.load(symbol, "atm", Marks) or Marks()
    kept, change = advance(before, found)
    if kept != before:
        states.save(symbol, "atm", kept)
    return change


def advance(kept: Marks, found: PricedChain) -> tuple[Marks, float | None]:
    """Mark this chain unless the last mark is young; the marks from now on, and the change."""
    at = found.chain.as_of
    if not kept.marks or at - kept.marks[-1].at >= _EVERY:
        marks = (*kept.marks, Mark(at, _points(found)))
        kept = Marks(tuple(m for m in marks if at - m.at <= _SPAN + _SLACK))
    then = next((m for m in kept.marks if abs(at - m.at - _SPAN) <= _SLACK), None)
    if then is None:
        return kept, None
    moves = [
        100 * (now - point.iv)
        for point in then.points
        if (now := _iv_at(found, point.expiry, point.strike)) is not None
    ]
    whole = bool(moves) and len(moves) == len(then.points)
    return kept, fmean(moves) if whole else None


def _points(found: PricedChain) -> tuple[Point, ...]:
    points = []
    for index, expiry in enumerate(found.chain.expiries):
        rows = np.flatnonzero((found.chain.expiry_idx == index) & found.priced.admitted)
        if expiry.dte_sess > _NEAREST_SESSIONS or not len(rows):
            continue
        away = np.abs(found.priced.strike[rows] - found.forwards.forward[index])
        strike = float(found.priced.strike[rows[int(np.argmin(away))]])
        iv = _iv_at(found, expiry.expiry_date, strike)
        if iv is not None:
            points.append(Point(expiry.expiry_date, strike, iv))
    return tuple(points)


def _iv_at(found: PricedChain, expiry: date, strike: float) -> float | None:
    matching = [i for i, e in enumerate(found.chain.expiries) if e.expiry_date == expiry]
    rows = np.flatnonzero(
        np.isin(found.chain.expiry_idx, matching)
        & (found.priced.strike == strike)
        & found.priced.admitted
    )
    return float(found.priced.sigma[rows].mean()) if len(rows) else None
