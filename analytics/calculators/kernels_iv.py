"""The compiled pass that solves a whole chain for its implied volatilities.

Rows are worked in blocks; each step of a block is several short loops, because one long loop
waits for its own polynomials instead of working the next row.
"""

import math

import numpy as np

from analytics.calculators.polynomials import (
    BLOCK,
    FAR,
    FLAG,
    PHI_0,
    READ,
    WRITE,
    WRITE_BOOLS,
    Bools,
    Floats,
    compiled,
    exp,
    exported,
    inlined,
    log_ratio,
    mills_over,
    mills_under,
)

_SQRT_2PI = 2.5066282746310002
_STEPS = 6
_SIGMA_MIN, _SIGMA_MAX = 0.001, 20.0
_SETTLED = 1e-4  # step x curvature below which a third-order step was the last


@compiled
def _discount_block(o: Floats, n: int) -> None:
    """What spot and strike are worth today (rows 7, 8)."""
    for i in range(n):
        t = max(o[4 * BLOCK + i], 1e-12)
        carry = exp(max(min(-o[6 * BLOCK + i] * t, 50.0), -50.0))
        discount = exp(max(min(-o[5 * BLOCK + i] * t, 50.0), -50.0))
        o[7 * BLOCK + i] = o[2 * BLOCK + i] * carry
        o[8 * BLOCK + i] = o[3 * BLOCK + i] * discount


@compiled
def _normalize_block(o: Floats, n: int, american: bool) -> None:
    """Rows 0-6: price, right, spot, strike, t, r, q. Rows 7-10 become x, e^{x/2}, beta, sqrt t.

    A row whose price is not plainly inside its bounds gets beta 0 and is left to the caller.
    """
    _discount_block(o, n)
    for i in range(n):
        price, w, spot, strike = o[i], o[BLOCK + i], o[2 * BLOCK + i], o[3 * BLOCK + i]
        spot_leg, strike_leg = o[7 * BLOCK + i], o[8 * BLOCK + i]
        beta = price - max(w * (spot_leg - strike_leg), 0.0)
        lower = price - (max(w * (spot - strike), 0.0) if american else price - beta)
        top_spot, top_strike = (spot, strike) if american else (spot_leg, strike_leg)
        slack = 2e-12 * max(1.0, spot)
        sound = (
            (min(beta, lower) > slack)
            & (price < (top_spot if w > 0 else top_strike))
            & (o[4 * BLOCK + i] > 0.0)
        )
        o[9 * BLOCK + i] = beta / math.sqrt(spot_leg * strike_leg) if sound else 0.0
        o[10 * BLOCK + i] = math.sqrt(max(o[4 * BLOCK + i], 1e-12))
    for i in range(n):
        o[7 * BLOCK + i] = -abs(log_ratio(o[7 * BLOCK + i], o[8 * BLOCK + i]))
    for i in range(n):
        highest, beta = exp(max(0.5 * o[7 * BLOCK + i], -350.0)), o[9 * BLOCK + i]
        o[8 * BLOCK + i] = highest
        o[9 * BLOCK + i] = beta if beta < highest else 0.0


@inlined
def _value(h: float, half: float, highest: float) -> tuple[float, float]:
    """Normalized out-of-the-money price and its slope in s."""
    slope = PHI_0 * exp(-min(0.5 * (h * h + half * half), 700.0))
    near, far = min(abs(h + half), FAR), min(half - h, FAR)
    mills, beyond = mills_over(near) / mills_under(near), mills_over(far) / mills_under(far)
    tail, plain = slope * (mills - beyond), highest - slope * (mills + beyond)
    return (tail if h + half < 0.0 else plain), slope


@compiled
def _guess_block(o: Floats, n: int) -> None:
    """Row 11 becomes s where it holds no start: Jaeckel's low branch, or Newton's first step."""
    for i in range(n):
        x, highest, beta = o[7 * BLOCK + i], o[8 * BLOCK + i], o[9 * BLOCK + i]
        bend = max(math.sqrt(-2.0 * x), 1e-9)
        at, _ = _value(x / bend, 0.5 * bend, highest)
        away = 2.0 * log_ratio(max(at, 1e-290), max(beta, 1e-290)) / max(x * x, 1e-290)
        low = 1.0 / math.sqrt(1.0 / (bend * bend) + max(away, 0.0))
        middle = bend + (beta - at) / highest * _SQRT_2PI
        start = o[11 * BLOCK + i]
        o[11 * BLOCK + i] = start if start > 0.0 else (low if beta < at else middle)


@compiled
def _worth_block(o: Floats, n: int) -> None:
    """At each row's s (row 11): h, the slope of the normalized price, and the price itself.

    They become rows 13, 14 and 15; row 16 is scratch.
    """
    for i in range(n):
        s = o[11 * BLOCK + i]
        h, half = o[7 * BLOCK + i] / s, 0.5 * s
        o[13 * BLOCK + i] = h
        o[14 * BLOCK + i] = PHI_0 * exp(-min(0.5 * (h * h + half * half), 700.0))
    for i in range(n):
        near = min(abs(o[13 * BLOCK + i] + 0.5 * o[11 * BLOCK + i]), FAR)
        o[15 * BLOCK + i] = mills_over(near) / mills_under(near)
    for i in range(n):
        far = min(0.5 * o[11 * BLOCK + i] - o[13 * BLOCK + i], FAR)
        o[16 * BLOCK + i] = mills_over(far) / mills_under(far)
    for i in range(n):
        slope, mills, beyond = o[14 * BLOCK + i], o[15 * BLOCK + i], o[16 * BLOCK + i]
        plain = o[8 * BLOCK + i] - slope * (mills + beyond)
        outside = o[13 * BLOCK + i] + 0.5 * o[11 * BLOCK + i] < 0.0
        o[15 * BLOCK + i] = slope * (mills - beyond) if outside else plain


@compiled
def _step_block(o: Floats, n: int) -> None:
    """One Householder step on ln b for each row's s (row 11); row 12 says how far it was."""
    _worth_block(o, n)
    for i in range(n):
        beta, b = max(o[9 * BLOCK + i], 1e-290), max(o[15 * BLOCK + i], 1e-290)
        o[16 * BLOCK + i] = log_ratio(beta, b)
    for i in range(n):
        s, h = o[11 * BLOCK + i], o[13 * BLOCK + i]
        per_s, ratio = 1.0 / s, o[14 * BLOCK + i] / o[15 * BLOCK + i]
        bend = h * h * per_s - 0.25 * s
        twist = bend * bend - 3.0 * (h * per_s) * (h * per_s) - 0.25
        newton = o[16 * BLOCK + i] / ratio
        halley = bend - ratio
        third = twist - 3.0 * bend * ratio + 2.0 * ratio * ratio
        over = 1.0 + 0.5 * halley * newton
        under = 1.0 + newton * (halley + third * newton * (1.0 / 6.0))
        step = newton * over / under
        step = step if step * newton > 0.0 else newton
        step = max(min(step, 2.0 * s), -0.7 * s)
        o[11 * BLOCK + i] = s + step
        o[12 * BLOCK + i] = (
            abs(step) * per_s * (1.0 + h * h + s * s) if o[9 * BLOCK + i] > 0.0 else 0.0
        )


@compiled
def _largest(o: Floats, start: int, n: int) -> float:
    top = 0.0
    for i in range(start, start + n):
        top = max(top, o[i])
    return top


@compiled
def _smallest(o: Floats, start: int, n: int) -> float:
    low = 1.0
    for i in range(start, start + n):
        low = min(low, o[i])
    return low


@compiled
def _start_block(o: Floats, last: Floats) -> None:
    for i in range(len(last)):
        o[11 * BLOCK + i] = last[i] * o[10 * BLOCK + i] if last[i] > 0.0 else 0.0


@compiled
def _answer_block(o: Floats, sigma: Floats, solved: Bools) -> None:
    for i in range(len(sigma)):
        sigma[i] = o[11 * BLOCK + i] / o[10 * BLOCK + i]
        settled = (o[9 * BLOCK + i] > 0.0) & (o[12 * BLOCK + i] <= _SETTLED)
        solved[i] = settled & (sigma[i] >= _SIGMA_MIN) & (sigma[i] <= _SIGMA_MAX)


@exported(READ, READ, READ, READ, READ, READ, READ, READ, FLAG, WRITE, WRITE_BOOLS)
def implied(  # noqa: PLR0913 - one argument per column
    price: Floats,
    right: Floats,
    spot: Floats,
    strike: Floats,
    t: Floats,
    r: Floats,
    q: Floats,
    last: Floats,
    american: bool,
    sigma: Floats,
    solved: Bools,
) -> None:
    """Volatilities from the last ones (0, NaN: from a guess); `solved` where they are exact."""
    o = np.empty(17 * BLOCK)
    for start in range(0, len(price), BLOCK):
        n = min(BLOCK, len(price) - start)
        end = start + n
        o[:n] = price[start:end]
        o[BLOCK : BLOCK + n] = right[start:end]
        o[2 * BLOCK : 2 * BLOCK + n] = spot[start:end]
        o[3 * BLOCK : 3 * BLOCK + n] = strike[start:end]
        o[4 * BLOCK : 4 * BLOCK + n] = t[start:end]
        o[5 * BLOCK : 5 * BLOCK + n] = r[start:end]
        o[6 * BLOCK : 6 * BLOCK + n] = q[start:end]
        _normalize_block(o, n, american)
        _start_block(o, last[start:end])
        if _smallest(o, 11 * BLOCK, n) <= 0.0:
            _guess_block(o, n)
        for _ in range(_STEPS):
            _step_block(o, n)
            if _largest(o, 12 * BLOCK, n) <= _SETTLED:
                break
        _answer_block(o, sigma[start:end], solved[start:end])
