"""What bars say to a strategy: VWAP, returns, ranges (DOMAIN 5.1). Returns are percent.

Bars are placed by the clock of sessions: the first bar of a day follows the last one of the day
before. What spans a hole in them, or ends with a bar that is old, is not known. "This time of
earlier sessions" is the same number of minutes after the open, half days apart from whole ones.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from statistics import fmean
from typing import Any, NamedTuple

from analytics.calculators import realised
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
_REALISED_N = 20
_REALISED_HISTORY = 500
_PLACES_KEPT = 20_000


class _Place(NamedTuple):
    """Where a bar begins: its session, and the minutes since the open."""

    day: date
    is_half_day: bool
    minute: int


def compute(
    minutes: Sequence[Bar],
    fives: Sequence[Bar],
    price: float | None,
    at: datetime,
    max_age_s: float,
) -> dict[str, Any]:
    """Every bar feature; None where there are too few bars, a hole among them, or old ones."""
    known = _known(fives, at)
    joined_n = _joined(known) if is_fresh(fives, at, max_age_s) else 0
    found: dict[str, Any] = {f"ret_{n}b_pct": _return(known, joined_n, n) for n in _RETURNS}
    found["vwap"] = _session_vwap(minutes, at, max_age_s)
    found |= _extremes(known, joined_n, price)
    found["range_break"] = _range_break(known, joined_n)
    found["range_expansion"] = _range_expansion(known, joined_n)
    found["realised_regime"] = _realised_regime(known, joined_n)
    found["vol_spike_ratio"] = _volume_spike(known, joined_n)
    return found


def is_fresh(fives: Sequence[Bar], at: datetime, max_age_s: float) -> bool:
    """Whether the last bar ended a moment ago, as the session's clock counts."""
    known = _known(fives, at)
    session = calendar.current(at)
    if not known:
        return False
    ended_at = known[-1].open_at + _FIVE_MINUTES
    if session is not None and _closes_before(ended_at, session):
        ended_at = session.open_at
    return (at - ended_at).total_seconds() <= max_age_s


def _known(fives: Sequence[Bar], at: datetime) -> list[Bar]:
    """Bars of regular hours that have ended, oldest first."""
    ended = fives[: bisect_right(fives, at - _FIVE_MINUTES, key=_opened)]
    return [bar for bar in ended if _place(bar.open_at) is not None]


def _opened(bar: Bar) -> datetime:
    return bar.open_at


# Every score asks for the same thousand bars.
@lru_cache(maxsize=_PLACES_KEPT)
def _place(open_at: datetime) -> _Place | None:
    session = calendar.current(open_at)
    if session is None:
        return None
    minute = (open_at - session.open_at) // _MINUTE
    return _Place(session.date, session.is_half_day, minute)


def _joined(bars: Sequence[Bar]) -> int:
    """How many of the last bars follow each other without a hole, as far as anybody asks."""
    last = bars[-_RANGE_N - 1 :]
    for n in range(1, len(last)):
        if not _follows(last[-n - 1].open_at + _FIVE_MINUTES, last[-n].open_at):
            return n
    return len(last)


def _follows(ended_at: datetime, open_at: datetime) -> bool:
    if ended_at == open_at:
        return True
    session = calendar.current(open_at)
    return session is not None and open_at == session.open_at and _closes_before(ended_at, session)


def _closes_before(ended_at: datetime, session: calendar.Session) -> bool:
    return ended_at == calendar.previous_session(session.date).close_at


def _return(bars: Sequence[Bar], joined_n: int, n: int) -> float | None:
    return 100 * (bars[-1].close / bars[-1 - n].close - 1) if joined_n > n else None


def _session_vwap(minutes: Sequence[Bar], at: datetime, max_age_s: float) -> float | None:
    session = calendar.current(at)
    if session is None:
        return None
    until = bisect_right(minutes, at - _MINUTE, key=_opened)
    known = [bar for bar in minutes[:until] if session.open_at <= bar.open_at]
    if not known or (at - known[-1].open_at - _MINUTE).total_seconds() > max_age_s:
        return None
    return vwap(known)


def _extremes(bars: Sequence[Bar], joined_n: int, price: float | None) -> dict[str, float | None]:
    last = bars[-_EXTREMES_N:]
    if price is None or joined_n < _EXTREMES_N:
        return {"dist_to_14b_high_pct": None, "dist_to_14b_low_pct": None}
    high, low = max(bar.high for bar in last), min(bar.low for bar in last)
    return {
        "dist_to_14b_high_pct": max(0.0, 100 * (high / price - 1)),
        "dist_to_14b_low_pct": max(0.0, 100 * (1 - low / price)),
    }


def _range_break(bars: Sequence[Bar], joined_n: int) -> int | None:
    if joined_n <= _RANGE_N:
        return None
    before, last = bars[-1 - _RANGE_N : -1], bars[-1]
    if last.close > max(bar.high for bar in before):
        return 1
    return -1 if last.close < min(bar.low for bar in before) else 0


def _range(bars: Sequence[Bar]) -> float:
    return max(bar.high for bar in bars) - min(bar.low for bar in bars)


def _range_expansion(bars: Sequence[Bar], joined_n: int) -> float | None:
    """Range of the last six bars over the mean six-bar range at this time of earlier sessions."""
    places = [_place(bar.open_at) for bar in bars]
    if joined_n < _EXPANSION_N or not _is_of_one_session(places, len(bars) - 1):
        return None
    ranges = [
        _range(bars[n + 1 - _EXPANSION_N : n + 1])
        for n in _same_time(places)
        if _is_of_one_session(places, n)
    ]
    usual = fmean(ranges) if ranges else 0.0
    return _range(bars[-_EXPANSION_N:]) / usual if usual else None


# The six bars that end with the one at `last` are neighbors within a session.
def _is_of_one_session(places: Sequence[_Place | None], last: int) -> bool:
    first = last + 1 - _EXPANSION_N
    one, other = places[last], places[first] if first >= 0 else None
    if one is None or other is None:
        return False
    apart = (_EXPANSION_N - 1) * (_FIVE_MINUTES // _MINUTE)
    return one.day == other.day and one.minute - other.minute == apart


def _same_time(places: Sequence[_Place | None]) -> list[int]:
    """Bars of earlier sessions of the same length that began at the minute of the last one."""
    last = places[-1]
    assert last is not None
    wanted = last.is_half_day, last.minute
    return [
        n
        for n, place in enumerate(places)
        if place is not None and place[1:] == wanted and place.day != last.day
    ]


def _realised_regime(bars: Sequence[Bar], joined_n: int) -> str | None:
    """Tercile of 20-bar realised volatility in the last 500 bars."""
    if joined_n <= _REALISED_N:
        return None
    return realised.regime(bars, _REALISED_N, _REALISED_HISTORY)


def _volume_spike(bars: Sequence[Bar], joined_n: int) -> float | None:
    """Volume of the last bar over its mean at this time of earlier sessions."""
    if not joined_n:
        return None
    same = [bars[n].volume for n in _same_time([_place(bar.open_at) for bar in bars])]
    usual = fmean(same) if same else 0.0
    return bars[-1].volume / usual if usual else None
