"""Compiled passes over whole chains: Greeks with exposures, and implied volatilities.

Branch-free polynomial exp, log and Mills ratio, which the compiler turns into vector instructions;
a call into a mathematical library inside a loop would stop that. Rows are worked in blocks of a
scratch buffer that stays in the first cache; discount factors are taken once per run of rows with
the same t, r and q, which is once per expiry. Only contraction to fused multiply-add is allowed:
errors stay below 1e-13 of the largest Greek.

Importing this module loads numba (seconds, some 110 MB): `acceleration` decides when.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Function = TypeVar("Function", bound=Callable[..., Any])

COLUMNS = 8  # price, delta, gamma, vega, theta, vanna, charm, rho in their published units
EXPOSURES = 4  # gamma (USD per 1 %), delta (USD), vanna (USD per point), charm (USD per day)

_BLOCK = 256
_MAGIC = 6755399441055744.0  # 1.5 x 2^52: adding it rounds to an integer in the last bits
_LOG2_E, _LN2_HIGH, _LN2_LOW = (
    1.4426950408889634,
    6.93147180369123816490e-01,
    1.9082149292705877e-10,
)
_LN2, _SQRT_2 = 0.6931471805599453, 1.4142135623730951
_PHI_0, _SQRT_2PI = 0.3989422804014327, 2.5066282746310002
_HALF_STEP = 0x0008000000000000  # half an exponent's step
_FAR = 40.0  # standard deviations beyond which a tail is nothing
_DAY = 1.0 / 365.0
_STEPS = 6
_SIGMA_MIN, _SIGMA_MAX = 0.001, 20.0
_SETTLED = 1e-4  # step x curvature below which a third-order step was the last


# Their types tell of dispatchers; what they return is called as the function that went in.
_njit: Any = njit
_intrinsic: Any = intrinsic


def _compiled(function: Function) -> Function:
    options = {"fastmath": {"contract"}, "error_model": "numpy", "cache": True}
    made: Function = _njit(**options)(function)
    return made


def _inlined(function: Function) -> Function:
    options = {"fastmath": {"contract"}, "error_model": "numpy", "inline": "always"}
    made: Function = _njit(**options)(function)
    return made


def _summing(function: Function) -> Function:
    made: Function = _njit(fastmath={"contract", "reassoc"}, error_model="numpy", cache=True)(
        function
    )
    return made


def _bits_code(_typing: Any, _number: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), generate


def _number_code(_typing: Any, _bits: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


_bits: Callable[[float], int] = _intrinsic(_bits_code)
_number: Callable[[int], float] = _intrinsic(_number_code)


@_inlined
def _exp(x: float) -> float:
    """e^x for |x| <= 700: Cody-Waite reduction, Taylor polynomial of degree 13."""
    shifted = x * _LOG2_E + _MAGIC
    n = shifted - _MAGIC
    y = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = 1.6059043836821613e-10 * y + 2.08767569878681e-09
    p = p * y + 2.505210838544172e-08
    p = p * y + 2.755731922398589e-07
    p = p * y + 2.7557319223985893e-06
    p = p * y + 2.48015873015873e-05
    p = p * y + 1.984126984126984e-04
    p = p * y + 1.388888888888889e-03
    p = p * y + 8.333333333333333e-03
    p = p * y + 4.1666666666666664e-02
    p = p * y + 0.16666666666666666
    p = p * y + 0.5
    p = p * y + 1.0
    p = p * y + 1.0
    return p * _number((_bits(shifted) + 1023) << 52)


@_inlined
def _exponent(over: float, under: float) -> int:
    """The power of two nearest to the ratio, so that over / 2^e lies near under."""
    return (_bits(over) - _bits(under) + _HALF_STEP) >> 52


@_inlined
def _scaled(x: float, e: int) -> float:
    """The positive normal number x / 2^e."""
    return _number(_bits(x) - (e << 52))


@_inlined
def _twice_atanh(s: float) -> float:
    """ln((1 + s) / (1 - s)) for |s| <= 0.21, exact where s is small."""
    y = s * s
    p = 0.08695652173913043 * y + 0.09523809523809523
    p = p * y + 0.10526315789473684
    p = p * y + 0.11764705882352941
    p = p * y + 0.13333333333333333
    p = p * y + 0.15384615384615385
    p = p * y + 0.18181818181818182
    p = p * y + 0.2222222222222222
    p = p * y + 0.2857142857142857
    p = p * y + 0.4
    p = p * y + 0.6666666666666666
    return 2.0 * s + s * y * p


@_inlined
def _log_ratio(over: float, under: float) -> float:
    """ln(over / under) of positive normal numbers, exact where they are close."""
    e = _exponent(over, under)
    near = _scaled(over, e)
    return _twice_atanh((near - under) / (near + under)) + e * _LN2


@_inlined
def _mills_over(z: float) -> float:
    """Numerator of the Mills ratio N(-z) / phi(z), 0 <= z <= 40; error 7e-17 with the other."""
    p = 3.4443480375374164e-06 * z + 9.275519478168251e-05
    p = p * z + 0.001222608999837692
    p = p * z + 0.01020542885230994
    p = p * z + 0.05900614268957329
    p = p * z + 0.24423529678850311
    p = p * z + 0.7238090402865618
    p = p * z + 1.4870799901130733
    p = p * z + 1.9409920154362394
    return p * z + 1.2533141373155001


@_inlined
def _mills_under(z: float) -> float:
    p = 3.4443480375465843e-06 * z + 9.275519477956027e-05
    p = p * z + 0.0012260533480746127
    p = p * z + 0.010298184035846423
    p = p * z + 0.06022186342233568
    p = p * z + 0.25425520341360314
    p = p * z + 0.7804046552636413
    p = p * z + 1.7118279721036986
    p = p * z + 2.5588118321922586
    p = p * z + 2.3465721225610694
    return p * z + 1.0


@_compiled
def _greeks_block(o: Floats, n: int, spot: float, t: float, r: float, q: float) -> None:
    """Rows 0-2 of the scratch are right, strike, sigma; rows 3-10 receive the columns."""
    sqrt_t, carry, discount = math.sqrt(t), math.exp(-q * t), math.exp(-r * t)
    per_spot, per_sqrt_t, drift = 1.0 / spot, 1.0 / sqrt_t, (r - q) * t
    for i in range(n):
        w, strike, sigma = o[i], o[_BLOCK + i], o[2 * _BLOCK + i]
        e = _exponent(strike, spot)
        near = _scaled(strike, e)
        # One division serves both the logarithm and 1 / sigma.
        common = 1.0 / (sigma * (spot + near))
        moneyness = _twice_atanh((spot - near) * sigma * common) - e * _LN2
        per_sigma = (spot + near) * common
        per_deviation = per_sigma * per_sqrt_t
        d1 = (moneyness + drift) * per_deviation + 0.5 * sigma * sqrt_t
        d2 = d1 - sigma * sqrt_t
        density = carry * _PHI_0 * _exp(-min(0.5 * d1 * d1, 700.0))
        z1, z2 = min(abs(d1), _FAR), min(abs(d2), _FAR)
        under1, under2 = _mills_under(z1), _mills_under(z2)
        # K e^{-rt} phi(d2) = S e^{-qt} phi(d1): one density for both tails.
        tail = spot * density / (under1 * under2)
        tail1, tail2 = _mills_over(z1) * under2 * tail, _mills_over(z2) * under1 * tail
        forward_leg = w * (tail1 if w * d1 < 0 else spot * carry - tail1)
        strike_leg = w * (tail2 if w * d2 < 0 else strike * discount - tail2)
        delta = forward_leg * per_spot
        o[3 * _BLOCK + i] = forward_leg - strike_leg
        o[4 * _BLOCK + i] = delta
        o[5 * _BLOCK + i] = density * per_deviation * per_spot
        o[6 * _BLOCK + i] = 0.01 * spot * density * sqrt_t
        decay = -spot * density * sigma * (0.5 * per_sqrt_t)
        o[7 * _BLOCK + i] = (decay - r * strike_leg + q * forward_leg) * _DAY
        o[8 * _BLOCK + i] = -0.01 * density * d2 * per_sigma
        fading = density * ((r - q) * per_deviation - d2 * (0.5 / t))
        o[9 * _BLOCK + i] = (q * delta - fading) * _DAY
        o[10 * _BLOCK + i] = 0.01 * t * strike_leg


@_summing
def _weigh_block(o: Floats, n: int, weight: Floats, start: int, sums: Floats) -> None:
    """Weighted sums of gamma, delta, vanna and charm of one block."""
    gamma = delta = vanna = charm = 0.0
    for i in range(n):
        w = weight[start + i]
        gamma += w * o[5 * _BLOCK + i]
        delta += w * o[4 * _BLOCK + i]
        vanna += w * o[8 * _BLOCK + i]
        charm += w * o[9 * _BLOCK + i]
    sums[0] += gamma
    sums[1] += delta
    sums[2] += vanna
    sums[3] += charm


@_compiled
def _place_block(
    o: Floats, n: int, weight: Floats, start: int, strike_at: Ints, by_strike: Floats
) -> None:
    for i in range(n):
        right = 0 if o[i] > 0 else 1
        by_strike[strike_at[start + i], right] += weight[start + i] * o[5 * _BLOCK + i]


@_compiled
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


@_compiled
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
    strike_at: Ints,
    by_run: Floats,
    by_strike: Floats,
) -> None:
    """Fill `columns` (8 or 0 rows), and add weighted exposures by run and by strike.

    `weight` is signed shares, or empty for columns alone; `by_strike` has calls and puts. Every
    row must have time, volatility and a strike: `compiled` repairs columns, sums cannot be.
    """
    o = np.empty(11 * _BLOCK)
    for run in range(len(starts) - 1):
        first, end = starts[run], starts[run + 1]
        for start in range(first, end, _BLOCK):
            n = min(_BLOCK, end - start)
            o[:n] = right[start : start + n]
            o[_BLOCK : _BLOCK + n] = strike[start : start + n]
            o[2 * _BLOCK : 2 * _BLOCK + n] = sigma[start : start + n]
            _greeks_block(o, n, spot, t[first], r[first], q[first])
            for c in range(len(columns)):
                columns[c, start : start + n] = o[(3 + c) * _BLOCK : (3 + c) * _BLOCK + n]
            if len(weight):
                _weigh_block(o, n, weight, start, by_run[run])
                _place_block(o, n, weight, start, strike_at, by_strike)
    by_run[:, 0] *= 0.01 * spot * spot
    by_run[:, 1:] *= spot
    by_strike *= 0.01 * spot * spot


@_compiled
def _normalize_block(o: Floats, n: int, american: bool) -> None:
    """Rows 0-6: price, right, spot, strike, t, r, q. Rows 7-10 become x, e^{x/2}, beta, sqrt t.

    A row whose price is not plainly inside its bounds gets beta 0 and is left to the caller.
    """
    for i in range(n):
        price, w, spot, strike = o[i], o[_BLOCK + i], o[2 * _BLOCK + i], o[3 * _BLOCK + i]
        t = max(o[4 * _BLOCK + i], 1e-12)
        carry = _exp(max(min(-o[6 * _BLOCK + i] * t, 50.0), -50.0))
        discount = _exp(max(min(-o[5 * _BLOCK + i] * t, 50.0), -50.0))
        spot_leg, strike_leg = spot * carry, strike * discount
        beta = price - max(w * (spot_leg - strike_leg), 0.0)
        lower = price - (max(w * (spot - strike), 0.0) if american else price - beta)
        top_spot, top_strike = (spot, strike) if american else (spot_leg, strike_leg)
        slack = 2e-12 * max(1.0, spot)
        sound = (
            (min(beta, lower) > slack)
            & (price < (top_spot if w > 0 else top_strike))
            & (o[4 * _BLOCK + i] > 0.0)
        )
        x = -abs(_log_ratio(spot_leg, strike_leg))
        highest = _exp(max(0.5 * x, -350.0))
        beta = beta / math.sqrt(spot_leg * strike_leg)
        o[7 * _BLOCK + i] = x
        o[8 * _BLOCK + i] = highest
        o[9 * _BLOCK + i] = beta if sound & (beta < highest) else 0.0
        o[10 * _BLOCK + i] = math.sqrt(t)


@_inlined
def _value(h: float, half: float, highest: float) -> tuple[float, float]:
    """Normalized out-of-the-money price and its slope in s."""
    slope = _PHI_0 * _exp(-min(0.5 * (h * h + half * half), 700.0))
    near, far = min(abs(h + half), _FAR), min(half - h, _FAR)
    mills, beyond = _mills_over(near) / _mills_under(near), _mills_over(far) / _mills_under(far)
    tail, plain = slope * (mills - beyond), highest - slope * (mills + beyond)
    return (tail if h + half < 0.0 else plain), slope


@_compiled
def _guess_block(o: Floats, n: int) -> None:
    """Row 11 becomes s where it holds no start: Jaeckel's low branch, or Newton's first step."""
    for i in range(n):
        x, highest, beta = o[7 * _BLOCK + i], o[8 * _BLOCK + i], o[9 * _BLOCK + i]
        bend = max(math.sqrt(-2.0 * x), 1e-9)
        at, _ = _value(x / bend, 0.5 * bend, highest)
        away = 2.0 * _log_ratio(max(at, 1e-290), max(beta, 1e-290)) / max(x * x, 1e-290)
        low = 1.0 / math.sqrt(1.0 / (bend * bend) + max(away, 0.0))
        middle = bend + (beta - at) / highest * _SQRT_2PI
        start = o[11 * _BLOCK + i]
        o[11 * _BLOCK + i] = start if start > 0.0 else (low if beta < at else middle)


@_compiled
def _step_block(o: Floats, n: int) -> None:
    """One Householder step on ln b for each row's s (row 11); row 12 says how far it was."""
    for i in range(n):
        x, highest, beta = o[7 * _BLOCK + i], o[8 * _BLOCK + i], o[9 * _BLOCK + i]
        s = o[11 * _BLOCK + i]
        per_s = 1.0 / s
        h = x * per_s
        b, slope = _value(h, 0.5 * s, highest)
        ratio = slope / b
        bend = h * h * per_s - 0.25 * s
        twist = bend * bend - 3.0 * (h * per_s) * (h * per_s) - 0.25
        newton = _log_ratio(max(beta, 1e-290), max(b, 1e-290)) / ratio
        halley = bend - ratio
        third = twist - 3.0 * bend * ratio + 2.0 * ratio * ratio
        over = 1.0 + 0.5 * halley * newton
        under = 1.0 + newton * (halley + third * newton * (1.0 / 6.0))
        step = newton * over / under
        step = step if step * newton > 0.0 else newton
        step = max(min(step, 2.0 * s), -0.7 * s)
        o[11 * _BLOCK + i] = s + step
        o[12 * _BLOCK + i] = abs(step) * per_s * (1.0 + h * h + s * s) if beta > 0.0 else 0.0


@_compiled
def _largest(o: Floats, start: int, n: int) -> float:
    top = 0.0
    for i in range(start, start + n):
        top = max(top, o[i])
    return top


@_compiled
def _smallest(o: Floats, start: int, n: int) -> float:
    low = 1.0
    for i in range(start, start + n):
        low = min(low, o[i])
    return low


@_compiled
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
    o = np.empty(13 * _BLOCK)
    for start in range(0, len(price), _BLOCK):
        n = min(_BLOCK, len(price) - start)
        end = start + n
        o[:n] = price[start:end]
        o[_BLOCK : _BLOCK + n] = right[start:end]
        o[2 * _BLOCK : 2 * _BLOCK + n] = spot[start:end]
        o[3 * _BLOCK : 3 * _BLOCK + n] = strike[start:end]
        o[4 * _BLOCK : 4 * _BLOCK + n] = t[start:end]
        o[5 * _BLOCK : 5 * _BLOCK + n] = r[start:end]
        o[6 * _BLOCK : 6 * _BLOCK + n] = q[start:end]
        _normalize_block(o, n, american)
        for i in range(n):
            before = last[start + i]
            o[11 * _BLOCK + i] = before * o[10 * _BLOCK + i] if before > 0.0 else 0.0
        if _smallest(o, 11 * _BLOCK, n) <= 0.0:
            _guess_block(o, n)
        for _ in range(_STEPS):
            _step_block(o, n)
            if _largest(o, 12 * _BLOCK, n) <= _SETTLED:
                break
        for i in range(n):
            found = o[11 * _BLOCK + i] / o[10 * _BLOCK + i]
            sigma[start + i] = found
            settled = (o[9 * _BLOCK + i] > 0.0) & (o[12 * _BLOCK + i] <= _SETTLED)
            solved[start + i] = settled & (found >= _SIGMA_MIN) & (found <= _SIGMA_MAX)
