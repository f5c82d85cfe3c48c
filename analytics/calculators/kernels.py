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
    inlined,
    mills_over,
    mills_under,
    scaled,
    summing,
    twice_atanh,
)

__all__ = ["COLUMNS", "EXPOSURES", "RISK", "greeks", "implied"]

RISK = 5  # delta, gamma, vega, vanna, charm: what exposures and risk are made of
COLUMNS = 8  # ... and price, theta, rho, in their published units
EXPOSURES = 4  # gamma (USD per 1 %), delta (USD), vanna (USD per point), charm (USD per day)

Term = tuple[float, float, float, float, float, float]

_DAY = 1.0 / 365.0
_MIN_DEVIATION, _MAX_DEVIATION = 1e-7, 20.0  # sigma sqrt t outside of which a row is not ours
# Rows of the scratch buffer, a block long each.
_PER_SIGMA, _D1, _DENSITY, _WEIGHED = (n * BLOCK for n in range(4))
_SCRATCH = 4 * BLOCK


@inlined
def _term(t: float, r: float, q: float) -> Term:
    """What is taken once per run: t, r, q, sqrt t, and the discount factors of spot and strike."""
    return t, r, q, math.sqrt(t), math.exp(-q * t), math.exp(-r * t)


@compiled
def _distance_block(o: Floats, strike: Floats, sigma: Floats, spot: float, term: Term) -> int:
    """1 / sigma and d1; how many rows have no strike, or a deviation too small or too large."""
    t, r, q, sqrt_t, _, _ = term
    per_sqrt_t, drift, sound = 1.0 / sqrt_t, (r - q) * t, 0
    for i in range(len(strike)):
        e = exponent(strike[i], spot)
        near = scaled(strike[i], e)
        # One division serves both the logarithm and 1 / sigma.
        common = 1.0 / (sigma[i] * (spot + near))
        moneyness = twice_atanh((spot - near) * sigma[i] * common) - e * LN2
        per_sigma = (spot + near) * common
        deviation = sigma[i] * sqrt_t
        o[_PER_SIGMA + i] = per_sigma
        o[_D1 + i] = (moneyness + drift) * per_sigma * per_sqrt_t + 0.5 * deviation
        usual = (deviation > _MIN_DEVIATION) & (deviation < _MAX_DEVIATION) & (strike[i] > 0.0)
        sound += 1 if usual else 0
    return len(strike) - sound


@compiled
def _density_block(o: Floats, n: int, carry: float) -> None:
    for i in range(n):
        d1 = o[_D1 + i]
        o[_DENSITY + i] = carry * PHI_0 * exp(-min(0.5 * d1 * d1, 700.0))


@compiled
def _risk_block(
    o: Floats, right: Floats, sigma: Floats, spot: float, term: Term, out: Floats, step: int
) -> None:
    """Delta, gamma, vega, vanna and charm, a `step` apart in `out`."""
    t, r, q, sqrt_t, carry, _ = term
    n = len(right)
    per_gamma, per_vega = 1.0 / (spot * sqrt_t), 0.01 * spot * sqrt_t
    drifting, fading, paying = (r - q) / sqrt_t * _DAY, 0.5 / t * _DAY, q * _DAY
    delta, gamma, vega = out[:n], out[step : step + n], out[2 * step : 2 * step + n]
    vanna, charm = out[3 * step : 3 * step + n], out[4 * step : 4 * step + n]
    for i in range(n):
        w, d1, density = right[i], o[_D1 + i], o[_DENSITY + i]
        z = min(abs(d1), FAR)
        tail = density * mills_over(z) / mills_under(z)
        d2, per_sigma = d1 - sigma[i] * sqrt_t, density * o[_PER_SIGMA + i]
        inside = w * (tail if w * d1 < 0 else carry - tail)
        delta[i] = inside
        gamma[i] = per_sigma * per_gamma
        vega[i] = density * per_vega
        vanna[i] = -0.01 * per_sigma * d2
        charm[i] = paying * inside - (drifting * per_sigma - fading * density * d2)


@compiled
def _value_block(
    o: Floats,
    right: Floats,
    strike: Floats,
    sigma: Floats,
    spot: float,
    term: Term,
    out: Floats,
    step: int,
) -> None:
    """Price, theta and rho; the tail is that of d2: K e^{-rt} phi(d2) = S e^{-qt} phi(d1)."""
    t, r, q, sqrt_t, _, discount = term
    n = len(right)
    decaying, growing = 0.5 / sqrt_t, 0.01 * t
    delta, price = out[:n], out[5 * step : 5 * step + n]
    theta, rho = out[6 * step : 6 * step + n], out[7 * step : 7 * step + n]
    for i in range(n):
        w, density, d2 = right[i], spot * o[_DENSITY + i], o[_D1 + i] - sigma[i] * sqrt_t
        z = min(abs(d2), FAR)
        tail = density * mills_over(z) / mills_under(z)
        strike_leg = w * (tail if w * d2 < 0 else strike[i] * discount - tail)
        forward_leg = spot * delta[i]
        decay = decaying * density * sigma[i]
        price[i] = forward_leg - strike_leg
        theta[i] = (q * forward_leg - decay - r * strike_leg) * _DAY
        rho[i] = growing * strike_leg


@summing
def _weigh_block(
    o: Floats, weight: Floats, spot: float, out: Floats, step: int, sums: Floats
) -> None:
    """Add weighted gamma, delta, vanna and charm in dollars, and keep each row's gamma."""
    n = len(weight)
    delta, gamma = out[:n], out[step : step + n]
    vanna, charm = out[3 * step : 3 * step + n], out[4 * step : 4 * step + n]
    per_1pct = 0.01 * spot * spot
    gamma_sum = delta_sum = vanna_sum = charm_sum = 0.0
    for i in range(n):
        w = weight[i]
        held = w != 0.0
        weighed = w * per_1pct * gamma[i] if held else 0.0
        o[_WEIGHED + i] = weighed
        gamma_sum += weighed
        delta_sum += w * delta[i] if held else 0.0
        vanna_sum += w * vanna[i] if held else 0.0
        charm_sum += w * charm[i] if held else 0.0
    sums[0] += gamma_sum
    sums[1] += spot * delta_sum
    sums[2] += spot * vanna_sum
    sums[3] += spot * charm_sum


@summing
def _fade_block(right: Floats, strike: Floats, spot: float, weight: Floats, delta: Floats) -> float:
    """Weighted change of delta until payoff in dollars, of contracts that end today."""
    faded = 0.0
    for i in range(len(weight)):
        away = spot - strike[i]
        share = 0.5 if away == 0.0 else (1.0 if right[i] * away > 0.0 else 0.0)
        faded += weight[i] * (right[i] * share - delta[i]) if weight[i] != 0.0 else 0.0
    return spot * faded


@compiled
def _place_block(o: Floats, cell: Ints, sums: Floats) -> None:
    """Add weighted gamma where each row belongs."""
    for i in range(len(cell)):
        sums[np.uint64(cell[i])] += o[_WEIGHED + i]


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
    o, odd, kept = np.empty(_SCRATCH), 0, len(columns)
    # Without columns each block's answers take the place of the last one's.
    out, step = (columns.ravel(), len(strike)) if kept else (np.empty(RISK * BLOCK), BLOCK)
    for run in range(len(starts) - 1):
        term = _term(t[starts[run]], r[starts[run]], q[starts[run]])
        for start in range(starts[run], starts[run + 1], BLOCK):
            rows = slice(start, min(start + BLOCK, starts[run + 1]))
            w, k, v = right[rows], strike[rows], sigma[rows]
            found = out[start:] if kept else out
            odd += _distance_block(o, k, v, spot, term)
            _density_block(o, len(k), term[4])
            _risk_block(o, w, v, spot, term, found, step)
            if len(weight):
                held, charm = weight[rows], by_run[run, 3]
                _weigh_block(o, held, spot, found, step, by_run[run])
                if term[0] < _DAY:
                    by_run[run, 3] = charm + _fade_block(w, k, spot, held, found)
                _place_block(o, cell[rows], by_cell)
            if kept == COLUMNS:
                _value_block(o, w, k, v, spot, term, found, step)
    return odd
