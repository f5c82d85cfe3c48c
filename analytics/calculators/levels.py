"""Price levels (DOMAIN 3.3, 9.2): walls, key strike, pin, max pain, pivots, VWAP, expected move.

Strike levels are chosen among listed strikes with the expiries of the filter added up; ties go
to the strike nearest spot, then to the lower. A level that does not exist is None.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.calculators.pricing import Priced

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Settings:
    """Spans are fractions of spot."""

    pin_sessions: int
    pin_span: float
    pin_reach: float
    near_span: float
    level_share: float
    levels: int


@dataclass(frozen=True, slots=True, eq=False)
class Strikes:
    """Gamma exposure per strike in dollars per +1 %, strikes ascending."""

    strike: Floats
    call: Floats
    put: Floats

    @property
    def net(self) -> Floats:
        """Calls and puts together."""
        return self.call + self.put


@dataclass(frozen=True, slots=True)
class Pivots:
    """Floor pivots of the previous regular session, in dollars."""

    pp: float
    r1: float
    s1: float
    r2: float
    s2: float
    r3: float
    s3: float


@dataclass(frozen=True, slots=True)
class ExpectedMove:
    """What one expiry's prices say of the move until then."""

    em_straddle_usd: float
    em_1sigma_usd: float
    em_1sigma_pct: float


@dataclass(frozen=True, slots=True)
class MaxPain:
    """The strike at which one expiry's holders are paid least; a day may have two roots."""

    expiry_date: date
    root: str
    max_pain: float


def call_wall(strikes: Strikes, spot: float) -> float | None:
    """Strike at or above spot with the largest call exposure."""
    return _largest(strikes.strike, strikes.call, strikes.strike >= spot, spot)


def put_wall(strikes: Strikes, spot: float) -> float | None:
    """Strike at or below spot with the largest put exposure in size."""
    return _largest(strikes.strike, np.abs(strikes.put), strikes.strike <= spot, spot)


def key_strike(strikes: Strikes, spot: float) -> float | None:
    """Strike with the largest exposure, calls and puts not netted."""
    size = np.abs(strikes.call) + np.abs(strikes.put)
    return _largest(strikes.strike, size, np.ones(len(size), dtype=bool), spot)


def pin_strike(near_expiry: Strikes, spot: float, settings: Settings) -> float | None:
    """Strike near spot with the largest net exposure among contracts about to expire."""
    close = np.abs(near_expiry.strike / spot - 1) <= settings.pin_span
    return _largest(near_expiry.strike, np.abs(near_expiry.net), close, spot)


def pin_proximity(spot: float, pin: float, settings: Settings) -> float:
    """1 on the pin, fading to 0 at `pin_reach` from it."""
    return max(0.0, 1 - abs(pin - spot) / spot / settings.pin_reach)


def pin_pull(spot: float, pin: float) -> int:
    """Which way the pin lies: +1 above, -1 below, 0 on it."""
    return int(np.sign(pin - spot))


def cumulative_sign_changes(strikes: Strikes) -> int:
    """How often the running sum over strikes changes sign: a warning only, never the flip."""
    running = np.cumsum(strikes.net)
    signs = np.sign(running[running != 0])
    return int(np.count_nonzero(signs[1:] != signs[:-1]))


def supports(strikes: Strikes, spot: float, settings: Settings) -> tuple[float, ...]:
    """Heavy strikes below spot, nearest first."""
    heavy = strikes.strike[_heavy(strikes, settings) & (strikes.strike < spot)]
    return tuple(heavy[::-1][: settings.levels].tolist())


def resistances(strikes: Strikes, spot: float, settings: Settings) -> tuple[float, ...]:
    """Heavy strikes above spot, nearest first."""
    heavy = strikes.strike[_heavy(strikes, settings) & (strikes.strike > spot)]
    return tuple(heavy[: settings.levels].tolist())


def concentration(strikes: Strikes, spot: float, settings: Settings) -> float | None:
    """Share of the sum of |net exposure| that lies within `near_span` of spot."""
    size = np.abs(strikes.net)
    total = float(size.sum())
    near = np.abs(strikes.strike / spot - 1) <= settings.near_span
    return float(size[near].sum()) / total if total else None


def max_pain(priced: Priced, rows: Bools) -> float | None:
    """Strike at which the rows' holders are paid least at expiry; the lowest on ties."""
    held = rows & (priced.open_interest > 0)
    return least_paid(priced.right[held], priced.strike[held], priced.open_interest[held])


def max_pains(priced: Priced, max_days: int) -> tuple[MaxPain, ...]:
    """Max pain of each expiry that is ahead, standard and inside the horizon, quoted or not."""
    found = []
    for index, expiry in enumerate(priced.expiries):
        if expiry.t_s <= 0 or expiry.dte_cal > max_days or expiry.root[-1].isdigit():
            continue
        strike = max_pain(priced, (priced.expiry_idx == index) & (priced.strike > 0))
        if strike is not None:
            found.append(MaxPain(expiry.expiry_date, expiry.root, strike))
    return tuple(found)


def least_paid(right: Floats, strike: Floats, open_interest: Floats) -> float | None:
    """Max pain over plain columns: sum of open interest x payoff is least there."""
    if not len(strike):
        return None
    listed, at = np.unique(strike, return_inverse=True)
    calls, puts = (
        np.bincount(at, np.where(right == side, open_interest, 0.0), len(listed)).astype(float)
        for side in (1, -1)
    )
    to_calls = listed * np.cumsum(calls) - np.cumsum(calls * listed)
    to_puts = _sum_above(puts * listed) - listed * _sum_above(puts)
    paid = to_calls + to_puts
    # Running sums round: what is equal to twelve digits is a tie, and the first is the lowest.
    slack = _ROUNDING * float(np.sum(open_interest) * listed[-1])
    return float(listed[np.flatnonzero(paid <= paid.min() + slack)[0]])


def pivots(high: float, low: float, close: float) -> Pivots:
    """Floor pivots from the previous regular session's high, low and close."""
    pp = (high + low + close) / 3
    return Pivots(
        pp=pp,
        r1=2 * pp - low,
        s1=2 * pp - high,
        r2=pp + (high - low),
        s2=pp - (high - low),
        r3=high + 2 * (pp - low),
        s3=low - 2 * (high - pp),
    )


def vwap(bars: Iterable[tuple[float, float]]) -> float | None:
    """Volume-weighted mean of (average price, volume) pairs; None at zero volume."""
    listed = list(bars)
    volume = math.fsum(v for _, v in listed)
    return math.fsum(p * v for p, v in listed) / volume if volume > 0 else None


def expected_move(
    forward: float, atm_iv: float, t_years: float, call_mid: float, put_mid: float
) -> ExpectedMove:
    """The at-the-money straddle, and one standard deviation F sigma sqrt(T)."""
    one_sigma = forward * atm_iv * math.sqrt(t_years)
    return ExpectedMove(call_mid + put_mid, one_sigma, 100 * one_sigma / forward)


def _sum_above(column: Floats) -> Floats:
    """Sum of each entry and all after it."""
    return np.asarray(np.cumsum(column[::-1])[::-1])


def _heavy(strikes: Strikes, settings: Settings) -> Bools:
    size = np.abs(strikes.net)
    return np.asarray((size > 0) & (size >= settings.level_share * size.sum()))


def _largest(strike: Floats, size: Floats, among: Bools, spot: float) -> float | None:
    rows = np.flatnonzero(among & (size > 0))
    if not rows.size:
        return None
    tied = rows[size[rows] == size[rows].max()]
    return float(strike[tied[np.lexsort((strike[tied], np.abs(strike[tied] - spot)))[0]]])
