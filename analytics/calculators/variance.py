"""Variance of one expiry from its strip of options, and the day's own share (DOMAIN 3.17).

    sigma^2 = (2/T) sum dK/K^2 e^{rT} Q(K) - (1/T)(F/K0 - 1)^2

F comes from the pair with the smallest |C - P|, K0 is the highest strike not above F whose call and
put are both quoted, Q the out-of-the-money mid (both rights' mean at K0). The strip walks outward
from K0, skips zero bids and ends after two in a row. The variance to today's close and from there
to the next close are told apart on the trading clock, so that constant volatility reads flat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.calendar import SECONDS_PER_YEAR
from quanticity.domain.options import Chain
from quanticity.domain.readings import Reading, Unavailable

Floats = NDArray[np.float64]

TRADING_SECONDS_PER_YEAR = 252 * 23_400
_THIRTY_DAYS_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """When a strip is too thin, and where its wings end."""

    min_strikes: int
    stop_after_zero_bids: int


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """One expiry's quotes by strike, ascending; a missing quote is a zero bid."""

    t_s: float
    r: float
    strike: Floats
    call_bid: Floats
    call_ask: Floats
    put_bid: Floats
    put_ask: Floats


def strip(
    chain: Chain,
    partner: NDArray[np.int64],
    index: int,
    r: float,
    usable: NDArray[np.bool_] | None = None,
) -> Strip:
    """The quotes of one expiry of a chain; `partner` is the other right's row (-1: none).

    A quote that is crossed or has no ask counts as one without a bid; so does one that is not
    `usable`, and a strike with neither leg usable is left out.
    """
    sound = np.isfinite(chain.strike) if usable is None else usable
    calls = np.flatnonzero((chain.expiry_idx == index) & (chain.right > 0) & (partner >= 0))
    calls = calls[sound[calls] | sound[partner[calls]]]
    calls = calls[np.argsort(chain.strike[calls], kind="stable")]
    puts = partner[calls]
    bid = np.where(sound & (chain.bid <= chain.ask), chain.bid, 0.0)
    quotes = (bid[calls], chain.ask[calls], bid[puts], chain.ask[puts])
    return Strip(chain.expiries[index].t_s, r, chain.strike[calls], *map(np.nan_to_num, quotes))


@dataclass(frozen=True, slots=True)
class TermVariance(Reading):
    """Annualized variance of one expiry; vol_pct = 100 sqrt(variance)."""

    name: ClassVar[str] = "variance"

    forward: float
    k0: float
    n_strikes: int
    k_min: float
    k_max: float
    variance: float
    vol_pct: float
    t_s: float


@dataclass(frozen=True, slots=True)
class DaySplit:
    """Variance to today's close and from there to the next; r_* in points, trading clock."""

    v_day: float
    v_next: float
    r_day: float
    r_next: float


def compute(strip: Strip, settings: Settings) -> TermVariance | Unavailable:
    """Sum the strip; unavailable when it is expired, without pairs, or too thin."""
    if strip.t_s <= 0:
        return Unavailable("variance", "NOT_APPLICABLE", "the expiry is settled")
    t = strip.t_s / SECONDS_PER_YEAR
    growth = math.exp(strip.r * t)
    forward = _forward(strip, growth)
    two_sided = (strip.call_bid > 0) & (strip.put_bid > 0)
    below = None if forward is None else np.flatnonzero(two_sided & (strip.strike <= forward))
    if forward is None or below is None or not below.size:
        return Unavailable("variance", "NO_DATA", "no pair of quotes gives a forward")
    at = int(below[-1])
    used = _used(strip, at, settings.stop_after_zero_bids)
    if len(used) < settings.min_strikes:
        detail = f"{len(used)} of {settings.min_strikes} strikes"
        return Unavailable("variance", "INSUFFICIENT_SAMPLES", detail)
    strike = strip.strike[used]
    mid = np.where(used < at, _mid(strip.put_bid, strip.put_ask)[used], 0.0)
    mid = np.where(used > at, _mid(strip.call_bid, strip.call_ask)[used], mid)
    mid[used == at] = (
        _mid(strip.call_bid, strip.call_ask)[at] + _mid(strip.put_bid, strip.put_ask)[at]
    ) / 2
    k0 = float(strip.strike[at])
    total = float(np.sum(_widths(strike) / strike**2 * mid)) * growth
    variance = 2 / t * total - (forward / k0 - 1) ** 2 / t
    if variance <= 0:
        return Unavailable("variance", "ARBITRAGE", f"variance {variance} is not positive")
    return TermVariance(
        forward=forward,
        k0=k0,
        n_strikes=len(used),
        k_min=float(strike[0]),
        k_max=float(strike[-1]),
        variance=variance,
        vol_pct=100 * math.sqrt(variance),
        t_s=strip.t_s,
    )


def thirty_day_index(near: TermVariance, later: TermVariance) -> float:
    """Volatility index at 30 days, in points: total variance linear between the two terms."""
    span = later.t_s - near.t_s
    to_near = (later.t_s - _THIRTY_DAYS_S) / span * near.variance * near.t_s
    to_later = (_THIRTY_DAYS_S - near.t_s) / span * later.variance * later.t_s
    return 100 * math.sqrt((to_near + to_later) / _THIRTY_DAYS_S)


def day_split(
    today: TermVariance, tomorrow: TermVariance, *, rth_left_s: float, next_rth_s: float
) -> DaySplit | Unavailable:
    """Tell today's remaining variance from the next session's (overnight gap included)."""
    v_day = today.variance * today.t_s / SECONDS_PER_YEAR
    v_next = tomorrow.variance * tomorrow.t_s / SECONDS_PER_YEAR - v_day
    if rth_left_s <= 0:
        return Unavailable("variance", "SESSION_CLOSED")
    if v_next < 0:
        return Unavailable("variance", "ARBITRAGE", "the later expiry has less total variance")
    return DaySplit(
        v_day,
        v_next,
        100 * math.sqrt(v_day / (rth_left_s / TRADING_SECONDS_PER_YEAR)),
        100 * math.sqrt(v_next / (next_rth_s / TRADING_SECONDS_PER_YEAR)),
    )


def _forward(strip: Strip, growth: float) -> float | None:
    call, put = _mid(strip.call_bid, strip.call_ask), _mid(strip.put_bid, strip.put_ask)
    quoted = np.flatnonzero((strip.call_bid > 0) & (strip.put_bid > 0))
    if not quoted.size:
        return None
    gap = np.abs(call - put)[quoted]
    at = quoted[int(np.argmin(gap))]
    return float(strip.strike[at] + growth * (call[at] - put[at]))


def _used(strip: Strip, at: int, stop_after: int) -> NDArray[np.int64]:
    """Indices of the strikes in the strip, ascending."""
    puts = _walk(strip.put_bid, range(at - 1, -1, -1), stop_after)
    calls = _walk(strip.call_bid, range(at + 1, len(strip.strike)), stop_after)
    return np.array(sorted([*puts, at, *calls]), dtype=np.int64)


def _walk(bid: Floats, indices: range, stop_after: int) -> list[int]:
    kept, zeros = [], 0
    for index in indices:
        if bid[index] > 0:
            kept.append(index)
            zeros = 0
            continue
        zeros += 1
        if zeros == stop_after:
            break
    return kept


def _widths(strike: Floats) -> Floats:
    """Half the distance between the neighbors used, one-sided at the ends."""
    inner = (strike[2:] - strike[:-2]) / 2
    return np.concatenate([[strike[1] - strike[0]], inner, [strike[-1] - strike[-2]]])


def _mid(bid: Floats, ask: Floats) -> Floats:
    return (bid + ask) / 2
