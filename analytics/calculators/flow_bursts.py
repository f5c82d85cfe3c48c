"""Bursts: runs of prints of one side, as the nine features clusters are made of (DOMAIN 3.14).

A burst is a run of same-side prints with gaps of at most 250 ms; a print of unknown side neither
joins nor breaks one. Impact is in basis points from the mid at the first print to the last price,
+ up; `loc` is the place of the prices within the spread in [-1, 1], +1 at the ask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log1p
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from analytics.calculators.trade_signing import SignedTrade
from quanticity.domain.market import Side

# Columns of `columns`, in order.
FEATURES = (
    "log_notional",
    "log_size",
    "signed_share",
    "prints",
    "prints_per_s",
    "log_gap_s",
    "impact_bps",
    "is_sweep",
    "loc",
)
_BPS = 10_000


@dataclass(frozen=True, slots=True)
class Burst:
    """One run of prints; sizes in shares, gap in seconds since the burst before."""

    at: datetime
    side: Side
    notional_usd: float
    size: float
    signed_share: float
    prints: int
    span_s: float
    gap_s: float
    impact_bps: float
    is_sweep: bool
    loc: float


def find(prints: Sequence[SignedTrade], gap_ms: float, sweep_levels: int) -> list[Burst]:
    """Cut prints into bursts by their own time, in whatever order they came."""
    runs: list[list[SignedTrade]] = []
    for each in sorted(prints, key=lambda each: each.trade.event_at):
        if each.signing.side is Side.UNKNOWN or not each.trade.is_sound:
            continue
        if runs and _joins(runs[-1][-1], each, gap_ms):
            runs[-1].append(each)
        else:
            runs.append([each])
    ends = [None, *(run[-1].trade.event_at for run in runs)]
    return [_burst(run, end, sweep_levels) for run, end in zip(runs, ends, strict=False)]


def columns(bursts: Iterable[Burst], gap_ms: float) -> NDArray[np.float64]:
    """One row per burst, one column per feature, unscaled.

    Speed is counted over the largest gap at least: a lone print has no span to be fast in.
    """
    rows = [
        (
            log1p(burst.notional_usd),
            log1p(burst.size),
            burst.signed_share,
            burst.prints,
            burst.prints / max(burst.span_s, gap_ms / 1000),
            log1p(burst.gap_s),
            burst.impact_bps,
            float(burst.is_sweep),
            burst.loc,
        )
        for burst in bursts
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, len(FEATURES))


def _joins(last: SignedTrade, each: SignedTrade, gap_ms: float) -> bool:
    gap_s = (each.trade.event_at - last.trade.event_at).total_seconds()
    return each.signing.side is last.signing.side and gap_s * 1000 <= gap_ms


def _burst(run: Sequence[SignedTrade], before: datetime | None, sweep_levels: int) -> Burst:
    first, last = run[0].trade, run[-1].trade
    size = sum(each.trade.size for each in run)
    start = run[0].mid or first.price
    return Burst(
        at=last.event_at,
        side=run[0].signing.side,
        notional_usd=sum(each.notional for each in run),
        size=size,
        signed_share=sum(each.signing.share * each.trade.size for each in run) / size,
        prints=len(run),
        span_s=(last.event_at - first.event_at).total_seconds(),
        gap_s=0.0 if before is None else (first.event_at - before).total_seconds(),
        impact_bps=(last.price - start) / start * _BPS,
        is_sweep=len({each.trade.price for each in run}) >= sweep_levels,
        loc=fmean(_loc(each) for each in run),
    )


def _loc(each: SignedTrade) -> float:
    mid, ask = each.mid, each.trade.ask
    if mid is None or ask is None:
        return 0.0
    return max(-1.0, min(1.0, (each.trade.price - mid) / (ask - mid)))
