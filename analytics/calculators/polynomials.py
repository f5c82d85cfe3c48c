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

BLOCK = 768  # rows worked at a time, so that the scratch buffer stays in the first cache
FAR = 40.0  # standard deviations beyond which a tail is nothing
PHI_0 = 0.3989422804014327
LN2 = 0.6931471805599453

_MAGIC = 6755399441055744.0  # 1.5 x 2^52: adding it rounds to an integer in the last bits
_LOG2_E = 1.4426950408889634
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
    """e^x for |x| <= 700, as 2^(n + f): minimax polynomial of degree 11 in f (error 2e-17)."""
    u = x * _LOG2_E
    shifted = u + _MAGIC
    f = u - (shifted - _MAGIC)
    p = 4.4558179083360645e-10 * f + 7.074194297288521e-09
    p = p * f + 1.0178057087733941e-07
    p = p * f + 1.3215432535912375e-06
    p = p * f + 1.5252733841556773e-05
    p = p * f + 0.00015403530463724353
    p = p * f + 0.001333355814640647
    p = p * f + 0.009618129107587256
    p = p * f + 0.055504108664821625
    p = p * f + 0.24022650695910158
    p = p * f + 0.6931471805599453
    p = p * f + 1.0
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
    """ln((1 + s) / (1 - s)) for |s| <= 0.2, exact where s is small; minimax, error 6e-17."""
    y = s * s
    p = 0.15137730825316933 * y + 0.1528157284825945
    p = p * y + 0.18184697986234472
    p = p * y + 0.2222218112856853
    p = p * y + 0.2857142884986201
    p = p * y + 0.3999999999929388
    p = p * y + 0.6666666666666696
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
