"""Bars from bars: 5 s into 1 min, 1 min into 5 min (DOMAIN 1.4).

An interval is the floor of a bar's start; it is closed by the clock, a grace after it ends, and
not by the next bar. No bar in an interval means no bar, not a flat one. `n5` counts the 5 s bars
inside, so a bar with fewer than fit is partial. `wap` is weighted by volume, None at zero volume.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from quanticity.domain.market import Bar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_S = 60
FIVE_MINUTES_S = 300


@dataclass(frozen=True, slots=True)
class Settings:
    """How long after its end an interval is closed."""

    grace_s: float


def close(
    pending: Iterable[Bar], at: datetime, interval_s: int, settings: Settings
) -> tuple[list[Bar], list[Bar]]:
    """Split bars into (merged bars of intervals that have ended by `at`, bars still waiting).

    Works for 5 s bars into minutes and minutes into 5 min bars alike. A bar sent twice counts
    once, as last sent.
    """
    ripe_before = at - timedelta(seconds=interval_s + settings.grace_s)
    closed: list[Bar] = []
    waiting: list[Bar] = []
    for starts_at, bars in intervals(pending, interval_s):
        if starts_at <= ripe_before:
            closed.append(merge(bars, starts_at))
        else:
            waiting.extend(bars)
    return closed, waiting


def merge(bars: Sequence[Bar], starts_at: datetime) -> Bar:
    """One bar over bars in the order of their start."""
    volume = sum(bar.volume for bar in bars)
    return Bar(
        symbol=bars[0].symbol,
        open_at=starts_at,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=volume,
        wap=vwap(bars),
        n5=sum(bar.n5 for bar in bars),
    )


def vwap(bars: Iterable[Bar]) -> float | None:
    """Volume-weighted mean price; None when nothing traded or a price that counts is missing."""
    traded = [bar for bar in bars if bar.volume > 0]
    if not traded or any(bar.wap is None for bar in traded):
        return None
    volume = sum(bar.volume for bar in traded)
    return sum(bar.wap * bar.volume for bar in traded if bar.wap is not None) / volume


def intervals(bars: Iterable[Bar], interval_s: int) -> list[tuple[datetime, list[Bar]]]:
    """Bars by the interval they begin in, both in time order."""
    unique = {bar.open_at: bar for bar in bars}
    ordered = sorted(unique.values(), key=lambda bar: bar.open_at)
    grouped = groupby(ordered, key=lambda bar: floor(bar.open_at, interval_s))
    return [(starts_at, list(inside)) for starts_at, inside in grouped]


def floor(at: datetime, interval_s: int) -> datetime:
    """The start of the interval that contains the instant."""
    return at - (at - _EPOCH) % timedelta(seconds=interval_s)
