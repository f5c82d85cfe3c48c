"""Technical indicators on 5 min bars, computed here and asked of no vendor (DOMAIN 1.12).

RSI(14) in [0, 100] and ATR(14) in dollars with Wilder's smoothing; MACD(12, 26, 9) in dollars,
each exponential mean starting from a simple one; Bollinger(20, 2) in dollars with the population
deviation. With fewer bars than an indicator needs it is None.
After Wilder, New Concepts in Technical Trading Systems, 1978; Appel 1979; Bollinger 2001.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean, pstdev
from typing import ClassVar

from quanticity.domain.market import Bar
from quanticity.domain.readings import Reading, Unavailable


@dataclass(frozen=True, slots=True)
class Settings:
    """Periods in bars; `macd_min_bars` waits for the signal line to settle."""

    rsi: int
    atr: int
    macd_fast: int
    macd_slow: int
    macd_signal: int
    macd_min_bars: int
    bollinger: int
    bollinger_width: float


@dataclass(frozen=True, slots=True)
class Technicals(Reading):
    """Indicators as of the last bar."""

    name: ClassVar[str] = "technicals"

    rsi: float | None
    atr_usd: float | None
    macd_usd: float | None
    macd_signal_usd: float | None
    macd_histogram_usd: float | None
    bollinger_mid_price: float | None
    bollinger_upper_price: float | None
    bollinger_lower_price: float | None
    n_bars: int
    reasons: dict[str, str] = field(default_factory=dict)


def compute(bars: Sequence[Bar], settings: Settings) -> Technicals | Unavailable:
    """Indicators of these bars, oldest first."""
    bars = [bar for bar in bars if bar.is_sound]
    if not bars:
        return Unavailable("technicals", "NO_DATA", "no bars")
    closes = [bar.close for bar in bars]
    macd, signal = _macd(closes, settings)
    mid, width = _bollinger(closes, settings)
    values = {
        "rsi": _rsi(closes, settings.rsi),
        "atr_usd": _atr(bars, settings.atr),
        "macd_usd": macd,
        "macd_signal_usd": signal,
        "macd_histogram_usd": None if macd is None or signal is None else macd - signal,
        "bollinger_mid_price": mid,
        "bollinger_upper_price": None if mid is None else mid + width,
        "bollinger_lower_price": None if mid is None else mid - width,
    }
    missing = {name: "INSUFFICIENT_SAMPLES" for name, value in values.items() if value is None}
    if "rsi" in missing and len(bars) > settings.rsi:
        missing["rsi"] = "ZERO_VARIANCE"
    return Technicals(n_bars=len(bars), reasons=missing, **values)


def _rsi(closes: Sequence[float], period: int) -> float | None:
    moves = [after - before for before, after in pairwise(closes)]
    if len(moves) < period:
        return None
    up = _wilder([max(move, 0.0) for move in moves], period)
    down = _wilder([max(-move, 0.0) for move in moves], period)
    # A price that never moved is neither strong nor weak, nor in between.
    return 100 * up / (up + down) if up + down else None


def _atr(bars: Sequence[Bar], period: int) -> float | None:
    ranges = [
        max(bar.high, before.close) - min(bar.low, before.close) for before, bar in pairwise(bars)
    ]
    return _wilder(ranges, period) if len(ranges) >= period else None


def _wilder(values: Sequence[float], period: int) -> float:
    mean = fmean(values[:period])
    for value in values[period:]:
        mean += (value - mean) / period
    return mean


def _macd(closes: Sequence[float], settings: Settings) -> tuple[float | None, float | None]:
    if len(closes) < settings.macd_min_bars:
        return None, None
    fast, slow = _ema(closes, settings.macd_fast), _ema(closes, settings.macd_slow)
    lines = [f - s for f, s in zip(fast[-len(slow) :], slow, strict=True)]
    return lines[-1], _ema(lines, settings.macd_signal)[-1]


def _ema(values: Sequence[float], period: int) -> list[float]:
    means = [fmean(values[:period])]
    for value in values[period:]:
        means.append(means[-1] + 2 / (period + 1) * (value - means[-1]))
    return means


def _bollinger(closes: Sequence[float], settings: Settings) -> tuple[float | None, float]:
    window = closes[-settings.bollinger :]
    if len(window) < settings.bollinger:
        return None, 0.0
    return fmean(window), settings.bollinger_width * pstdev(window)
