"""The compiled pass over a whole chain: all Greeks, and exposures by expiry and by strike.

Rows are worked in blocks of a scratch buffer that stays in the first cache; discount factors are
taken once per run of rows with the same t, r and q, which is once per expiry. Each block goes
through short loops: one long loop would wait for its own polynomials (twice the time). Errors
stay below 1e-13 of the largest Greek.

Importing this module loads numba (seconds, some 110 MB): `compiled` decides when.
"""

import math

import numpy as np

from analytics.calculators.kernels_iv import implied
from analytics.calculators.polynomials import (
    BLOCK,
    FAR,
    LN2,
    NUMBER,
    PHI_0,
    READ,
    READ_INTS,
    WRITE,
    WRITE_ROWS,
    Floats,
    Ints,
    compiled,
    exp,
    exponent,
    exported,
    mills_over,
    mills_under,
    scaled,
    summing,
    twice_atanh,
)

__all__ = ["COLUMNS", "EXPOSURES", "RISK", "greeks", "implied", "runs"]

RISK = 5  # delta, gamma, vega, vanna, charm: what exposures and risk are made of
COLUMNS = 8  # ... and price, theta, rho, in their published units
EXPOSURES = 4  # gamma (USD per 1 %), delta (USD), vanna (USD per point), charm (USD per day)

_DAY = 1.0 / 365.0
_MIN_DEVIATION, _MAX_DEVIATION = 1e-7, 20.0  # sigma sqrt t outside of which a row is not ours
# Rows of the scratch buffer: the columns, then what they are made of.
_DELTA, _GAMMA, _VEGA, _VANNA, _CHARM, _PRICE, _THETA, _RHO = (n * BLOCK for n in range(COLUMNS))
_RIGHT, _STRIKE, _SIGMA, _PER_SIGMA, _D1, _DENSITY, _TAIL = (n * BLOCK for n in range(8, 15))
_SCRATCH = 15 * BLOCK


@exported(READ, READ, READ)
def runs(t: Floats, r: Floats, q: Floats) -> Ints:
    """First row of each run of equal t, r and q, and the end."""
    starts = np.empty(len(t) + 1, np.int64)
    count = 0
    for i in range(len(t)):
        if i == 0 or t[i] != t[i - 1] or r[i] != r[i - 1] or q[i] != q[i - 1]:
            starts[count] = i
            count += 1
    starts[count] = len(t)
    return starts[: count + 1]


@compiled
def _distance_block(o: Floats, n: int, spot: float, t: float, drift: float) -> int:
    """1 / sigma and d1; how many rows have no strike, or a deviation too small or too large."""
    sqrt_t = math.sqrt(t)
    per_sqrt_t = 1.0 / sqrt_t
    sound = 0
    for i in range(n):
        strike, sigma = o[_STRIKE + i], o[_SIGMA + i]
        e = exponent(strike, spot)
        near = scaled(strike, e)
        # One division serves both the logarithm and 1 / sigma.
        common = 1.0 / (sigma * (spot + near))
        moneyness = twice_atanh((spot - near) * sigma * common) - e * LN2
        per_sigma = (spot + near) * common
        deviation = sigma * sqrt_t
        o[_PER_SIGMA + i] = per_sigma
        o[_D1 + i] = (moneyness + drift) * per_sigma * per_sqrt_t + 0.5 * deviation
        usual = (deviation > _MIN_DEVIATION) & (deviation < _MAX_DEVIATION) & (strike > 0.0)
        sound += 1 if usual else 0
    return n - sound


@compiled
def _density_block(o: Floats, n: int, carry: float) -> None:
    for i in range(n):
        d1 = o[_D1 + i]
        o[_DENSITY + i] = carry * PHI_0 * exp(-min(0.5 * d1 * d1, 700.0))


@compiled
def _tail_block(o: Floats, n: int, sqrt_t: float) -> None:
    """Density x Mills ratio at |d1|, or, with sqrt t above 0, at |d2|."""
    for i in range(n):
        z = min(abs(o[_D1 + i] - o[_SIGMA + i] * sqrt_t), FAR)
        o[_TAIL + i] = o[_DENSITY + i] * mills_over(z) / mills_under(z)


@compiled
def _risk_block(o: Floats, n: int, spot: float, t: float, r: float, q: float) -> None:
    """Delta, gamma, vega, vanna and charm."""
    sqrt_t, carry, per_spot = math.sqrt(t), math.exp(-q * t), 1.0 / spot
    per_sqrt_t, half_per_t = 1.0 / sqrt_t, 0.5 / t
    for i in range(n):
        w, sigma, d1 = o[_RIGHT + i], o[_SIGMA + i], o[_D1 + i]
        density, tail, per_sigma = o[_DENSITY + i], o[_TAIL + i], o[_PER_SIGMA + i]
        d2 = d1 - sigma * sqrt_t
        per_deviation = per_sigma * per_sqrt_t
        delta = w * (tail if w * d1 < 0 else carry - tail)
        o[_DELTA + i] = delta
        o[_GAMMA + i] = density * per_deviation * per_spot
        o[_VEGA + i] = 0.01 * spot * density * sqrt_t
        o[_VANNA + i] = -0.01 * density * d2 * per_sigma
        fading = density * ((r - q) * per_deviation - d2 * half_per_t)
        o[_CHARM + i] = (q * delta - fading) * _DAY


@compiled
def _value_block(o: Floats, n: int, spot: float, t: float, r: float, q: float) -> None:
    """Price, theta and rho; the tail is that of d2: K e^{-rt} phi(d2) = S e^{-qt} phi(d1)."""
    sqrt_t, discount = math.sqrt(t), math.exp(-r * t)
    half_per_sqrt_t = 0.5 / sqrt_t
    for i in range(n):
        w, strike, sigma = o[_RIGHT + i], o[_STRIKE + i], o[_SIGMA + i]
        tail, d2 = spot * o[_TAIL + i], o[_D1 + i] - sigma * sqrt_t
        strike_leg = w * (tail if w * d2 < 0 else strike * discount - tail)
        forward_leg = spot * o[_DELTA + i]
        decay = -spot * o[_DENSITY + i] * sigma * half_per_sqrt_t
        o[_PRICE + i] = forward_leg - strike_leg
        o[_THETA + i] = (decay - r * strike_leg + q * forward_leg) * _DAY
        o[_RHO + i] = 0.01 * t * strike_leg


@summing
def _weigh_block(o: Floats, n: int, weight: Floats, spot: float, sums: Floats, ends: bool) -> None:
    """Add weighted gamma, delta, vanna and charm; a contract that `ends` today goes to payoff."""
    gamma = delta = vanna = charm = 0.0
    for i in range(n):
        w = weight[i]
        held = w != 0.0
        gamma += w * o[_GAMMA + i] if held else 0.0
        delta += w * o[_DELTA + i] if held else 0.0
        vanna += w * o[_VANNA + i] if held else 0.0
        right, away = o[_RIGHT + i], spot - o[_STRIKE + i]
        share = 0.5 if away == 0.0 else (1.0 if right * away > 0.0 else 0.0)
        fading = right * share - o[_DELTA + i] if ends else o[_CHARM + i]
        charm += w * fading if held else 0.0
    sums[0] += 0.01 * spot * spot * gamma
    sums[1] += spot * delta
    sums[2] += spot * vanna
    sums[3] += spot * charm


@compiled
def _place_block(o: Floats, n: int, weight: Floats, cell: Ints, scale: float, sums: Floats) -> None:
    """Add weighted gamma where each row belongs."""
    for i in range(n):
        if weight[i] != 0.0:
            sums[cell[i]] += weight[i] * (scale * o[_GAMMA + i])


@compiled
def _copy(out: Floats, o: Floats, start: int, n: int) -> None:
    for i in range(n):
        out[i] = o[start + i]


@exported(
    NUMBER, READ, READ, READ, READ, READ, READ, READ_INTS, WRITE_ROWS, READ, READ_INTS,
    WRITE_ROWS, WRITE,
)  # fmt: skip
def greeks(  # noqa: PLR0913 - one argument per column
    spot: float,
    right: Floats,
    strike: Floats,
    t: Floats,
    sigma: Floats,
    r: Floats,
    q: Floats,
    starts: Ints,
    columns: Floats,
    weight: Floats,
    cell: Ints,
    by_run: Floats,
    by_cell: Floats,
) -> int:
    """Fill `columns` (`COLUMNS`, `RISK` or 0 rows), and add exposures by run and by cell.

    `weight` is signed shares, or empty for columns alone; rows of weight 0 enter no sum. The sum
    of charm is the one in force (2.4): within a day of settlement what delta has yet to move.
    Returns how many rows have no time, volatility or strike, whose answers the caller repairs.
    """
    o, odd = np.empty(_SCRATCH), 0
    for run in range(len(starts) - 1):
        first, end = starts[run], starts[run + 1]
        t_, r_, q_ = t[first], r[first], q[first]
        carry, drift = math.exp(-q_ * t_), (r_ - q_) * t_
        for start in range(first, end, BLOCK):
            n = min(BLOCK, end - start)
            _copy(o[_RIGHT : _RIGHT + n], right, start, n)
            _copy(o[_STRIKE : _STRIKE + n], strike, start, n)
            _copy(o[_SIGMA : _SIGMA + n], sigma, start, n)
            odd += _distance_block(o, n, spot, t_, drift)
            _density_block(o, n, carry)
            _tail_block(o, n, 0.0)
            _risk_block(o, n, spot, t_, r_, q_)
            if len(weight):
                held = weight[start : start + n]
                _weigh_block(o, n, held, spot, by_run[run], t_ < _DAY)
                _place_block(o, n, held, cell[start : start + n], 0.01 * spot * spot, by_cell)
            if len(columns) == COLUMNS:
                _tail_block(o, n, math.sqrt(t_))
                _value_block(o, n, spot, t_, r_, q_)
            for c in range(len(columns)):
                _copy(columns[c, start : start + n], o, c * BLOCK, n)
    return odd
