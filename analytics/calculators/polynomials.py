"""Branch-free exp, log, atanh and Mills ratio for compiled loops, and how loops are compiled.

A call into a mathematical library inside a loop would stop the compiler from making vector
instructions of it; these polynomials do not. Only contraction to fused multiply-add is allowed:
results stay within some 2e-16 of their size, or of 1 where that is larger.
"""

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

BLOCK = 256  # rows worked at a time, so that the scratch buffer stays in the first cache
FAR = 40.0  # standard deviations beyond which a tail is nothing
PHI_0 = 0.3989422804014327
LN2 = 0.6931471805599453

_MAGIC = 6755399441055744.0  # 1.5 x 2^52: adding it rounds to an integer in the last bits
_LOG2_E, _LN2_HIGH, _LN2_LOW = (
    1.4426950408889634,
    6.93147180369123816490e-01,
    1.9082149292705877e-10,
)
_HALF_STEP = 0x0008000000000000  # half an exponent's step


# Types of the columns that kernels take: what is only read may be a view of received bytes.
READ = types.Array(types.float64, 1, "C", readonly=True)
READ_INTS = types.Array(types.int64, 1, "C", readonly=True)
WRITE, WRITE_ROWS = types.float64[::1], types.float64[:, ::1]
WRITE_BOOLS, NUMBER, FLAG = types.boolean[::1], types.float64, types.boolean

# Their types tell of dispatchers; what they return is called as the function that went in.
_njit: Any = njit
_intrinsic: Any = intrinsic


def compiled(function: Function) -> Function:
    """Machine code, kept on disk; contraction is the only liberty it takes."""
    options = {"fastmath": {"contract"}, "error_model": "numpy", "cache": True}
    made: Function = _njit(**options)(function)
    return made


def exported(*arguments: Any) -> Callable[[Function], Function]:
    """As `compiled`, at once and for these types: no task waits for a compiler."""
    options = {"fastmath": {"contract"}, "error_model": "numpy", "cache": True}
    decorate: Callable[[Function], Function] = _njit([arguments], **options)
    return decorate


def inlined(function: Function) -> Function:
    """Machine code inside its caller's loop."""
    options = {"fastmath": {"contract"}, "error_model": "numpy", "inline": "always"}
    made: Function = _njit(**options)(function)
    return made


def summing(function: Function) -> Function:
    """As `compiled`, and sums may be taken in any order."""
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


@inlined
def exp(x: float) -> float:
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


@inlined
def exponent(over: float, under: float) -> int:
    """The power of two nearest to the ratio, so that over / 2^e lies near under."""
    return (_bits(over) - _bits(under) + _HALF_STEP) >> 52


@inlined
def scaled(x: float, e: int) -> float:
    """The positive normal number x / 2^e."""
    return _number(_bits(x) - (e << 52))


@inlined
def twice_atanh(s: float) -> float:
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


@inlined
def log_ratio(over: float, under: float) -> float:
    """ln(over / under) of positive normal numbers, exact where they are close."""
    e = exponent(over, under)
    near = scaled(over, e)
    return twice_atanh((near - under) / (near + under)) + e * LN2


@inlined
def mills_over(z: float) -> float:
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


@inlined
def mills_under(z: float) -> float:
    """Denominator of the Mills ratio."""
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
