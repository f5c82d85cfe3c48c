"""What bars say to a strategy: VWAP, returns, ranges (DOMAIN 5.1). Returns are percent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

import numpy as np

from analytics.ingestion.bars import vwap
from quanticity.domain import calendar
from quanticity.domain.market import Bar

# A bar is known when it has ended, not when it began.
_MINUTE = timedelta(minutes=1)
_FIVE_MINUTES = timedelta(minutes=5)
_RETURNS = (2, 5, 10, 14, 20)
_EXTREMES_N = 14
_RANGE_N = 20
_EXPANSION_N = 6
_PER_SESSION = 78
_REALISED_N = 20
_REALISED_HISTORY = 500


def compute(
    minutes: Sequence[Bar], fives: Sequence[Bar], price: float | None, at: datetime
) -> dict[str, Any]:
    """Every bar feature; None where there are too few bars."""
    known = [bar for bar in fives if bar.open_at + _FIVE_MINUTES <= at]
    closes = [bar.close for bar in known]
    found: dict[str, Any] = {f"ret_{n}b_pct": _return(closes, n) for n in _RETURNS}
    found["vwap"] = _session_vwap(minutes, at)
    found |= _extremes(known, price)
    found["range_break"] = _range_break(known)
    found["range_expansion"] = _range_expansion(known)
    found["realised_regime"] = _realised_regime(closes)
    found["vol_spike_ratio"] = _volume_spike(known)
    return found


def _return(closes: Sequence[float], n: int) -> float | None:
    return 100 * (closes[-1] / closes[-1 - n] - 1) if len(closes) > n else None


def _session_vwap(minutes: Sequence[Bar], at: datetime) -> float | None:
    session = calendar.current(at)
    if session is None:
        return None
    return vwap(
        bar for bar in minutes if session.open_at <= bar.open_at and bar.open_at + _MINUTE <= at
    )


def _extremes(bars: Sequence[Bar], price: float | None) -> dict[str, float | None]:
    last = bars[-_EXTREMES_N:]
    if price is None or len(last) < _EXTREMES_N:
        return {"dist_to_14b_high_pct": None, "dist_to_14b_low_pct": None}
    high, low = max(bar.high for bar in last), min(bar.low for bar in last)
    return {
        "dist_to_14b_high_pct": max(0.0, 100 * (high / price - 1)),
        "dist_to_14b_low_pct": max(0.0, 100 * (1 - low / price)),
    }


def _range_break(bars: Sequence[Bar]) -> int | None:
    if len(bars) <= _RANGE_N:
        return None
    before, last = bars[-1 - _RANGE_N : -1], bars[-1]
    if last.close > max(bar.high for bar in before):
        return 1
    return -1 if last.close < min(bar.low for bar in before) else 0


def _range(bars: Sequence[Bar]) -> float:
    return max(bar.high for bar in bars) - min(bar.low for bar in bars)


def _range_expansion(bars: Sequence[Bar]) -> float | None:
    """Range of the last six bars over the mean six-bar range at this time of earlier sessions."""
    if len(bars) < _PER_SESSION + _EXPANSION_N:
        return None
    ends = range(len(bars) - _PER_SESSION, _EXPANSION_N - 1, -_PER_SESSION)
    usual = fmean(_range(bars[end - _EXPANSION_N : end]) for end in ends)
    return _range(bars[-_EXPANSION_N:]) / usual if usual else None


def _realised_regime(closes: Sequence[float]) -> str | None:
    """Tercile of 20-bar realised volatility in the last 500 bars."""
    if len(closes) < _REALISED_HISTORY:
        return None
    moves = np.diff(np.log(closes[-_REALISED_HISTORY:]))
    # The deviation of every window at once; `statistics` would take exact fractions of each.
    windows = np.lib.stride_tricks.sliding_window_view(moves, _REALISED_N).std(axis=1)
    rank = float((windows < windows[-1]).mean())
    return ("LOW", "NORMAL", "HIGH")[min(2, int(rank * 3))]


def _volume_spike(bars: Sequence[Bar]) -> float | None:
    """Volume of the last bar over its mean at this time of earlier sessions."""
    same = [bars[n].volume for n in range(len(bars) - 1 - _PER_SESSION, -1, -_PER_SESSION)]
    return bars[-1].volume / fmean(same) if same and fmean(same) else None
