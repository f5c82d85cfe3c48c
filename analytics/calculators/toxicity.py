"""Flow toxicity: how much it costs to have traded against the flow (DOMAIN 3.10).

toxicity = 0.50 vpin_cdf + 0.30 a + 0.20 large, in [0, 1], without direction, None unless all
three exist. `a` is the size-weighted mean markout of prints 30 to 330 s old over the median
half-spread, both in basis points, clipped to [0, 1]; a markout is side x (mid 30 s later - mid) /
mid. `large` is the share of dollars in large prints. `toxicity_lean` in [-1, 1] is the
dollar-weighted mean signed share of the last 300 s, + bought. Cost O(prints).
After Easley, Lopez de Prado and O'Hara 2012 and the realized spread of Huang and Stoll 1996.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import ClassVar

from analytics.calculators.trade_signing import SignedTrade
from quanticity.domain.market import Quote, Side
from quanticity.domain.readings import Reading, Unavailable

_BPS = 10_000


class Level(StrEnum):
    """Toxicity in words."""

    LOW = "LOW"
    MODERATE = "MODERATE"
    HIGH = "HIGH"


@dataclass(frozen=True, slots=True)
class Settings:
    """Weights in the order vpin_cdf, markout, large; windows and limits."""

    weights: tuple[float, float, float]
    markout_s: float
    markout_window_s: float
    min_markouts: int
    lean_window_s: float
    large_floor_usd: float
    high: float
    moderate: float


@dataclass(frozen=True, slots=True)
class Toxicity(Reading):
    """Toxicity with its parts, its direction (`toxicity_lean`), and why a part is missing."""

    name: ClassVar[str] = "toxicity"

    toxicity: float | None
    level: Level | None
    toxicity_lean: float | None
    a: float | None
    large_notional_share: float | None
    block_share: float | None
    n_prints: int
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What toxicity needs from elsewhere: VPIN's rank, the large print, blocks of the clusters."""

    vpin_cdf: float | None
    large_print_usd: float | None
    block_share: float | None = None


def compute(
    prints: Sequence[SignedTrade],
    quotes: Sequence[Quote],
    context: Context,
    at: datetime,
    settings: Settings,
) -> Toxicity | Unavailable:
    """Measure prints of the last minutes against the quotes that followed, both oldest first."""
    known = [
        each
        for each in prints
        if each.trade.is_sound and 0 <= _age_s(each, at) <= settings.markout_window_s
    ]
    if not known:
        return Unavailable("toxicity", "NO_DATA", "no prints in the window")
    recent = [each for each in known if _age_s(each, at) <= settings.lean_window_s]
    adverse = _adverse(known, quotes, at, settings)
    large = _large_share(recent, context.large_print_usd, settings)
    value, lean = score(context.vpin_cdf, adverse, large, settings), _lean(recent)
    parts = {
        "toxicity": (value, "INSUFFICIENT_SAMPLES"),
        "level": (value, "INSUFFICIENT_SAMPLES"),
        "toxicity_lean": (lean, "NO_DATA"),
        "a": (adverse, "INSUFFICIENT_SAMPLES"),
        "large_notional_share": (large, "NO_DATA"),
        "block_share": (context.block_share, "NO_DATA"),
    }
    return Toxicity(
        toxicity=value,
        level=level(value, settings),
        toxicity_lean=lean,
        a=adverse,
        large_notional_share=large,
        block_share=context.block_share,
        n_prints=len(known),
        reasons={name: reason for name, (found, reason) in parts.items() if found is None},
    )


def score(
    vpin_cdf: float | None, adverse: float | None, large: float | None, settings: Settings
) -> float | None:
    """Weigh the three parts; None unless all three exist."""
    parts = (vpin_cdf, adverse, large)
    if None in parts:
        return None
    return sum(w * part for w, part in zip(settings.weights, parts, strict=True) if part)


def adverse_selection(mean_markout_bps: float, median_half_spread_bps: float) -> float | None:
    """Markout in units of the half-spread, clipped to [0, 1]; None without a spread."""
    if median_half_spread_bps <= 0:
        return None
    return max(0.0, min(1.0, mean_markout_bps / median_half_spread_bps))


def level(value: float | None, settings: Settings) -> Level | None:
    """Toxicity in words."""
    if value is None:
        return None
    if value >= settings.high:
        return Level.HIGH
    return Level.MODERATE if value >= settings.moderate else Level.LOW


def _adverse(
    prints: Sequence[SignedTrade], quotes: Sequence[Quote], at: datetime, settings: Settings
) -> float | None:
    times = [quote.event_at for quote in quotes]
    marks: list[tuple[float, float]] = []
    spreads: list[float] = []
    for each in prints:
        mid, ask = each.mid, each.trade.ask
        if mid is None or ask is None or _age_s(each, at) < settings.markout_s:
            continue
        spreads.append((ask - mid) / mid * _BPS)
        later = _mid_at(each.trade.event_at + timedelta(seconds=settings.markout_s), times, quotes)
        if later is not None and each.signing.side is not Side.UNKNOWN:
            move_bps = each.signing.side.sign * (later - mid) / mid * _BPS
            marks.append((move_bps, each.trade.size))
    if len(marks) < settings.min_markouts:
        return None
    size = sum(weight for _, weight in marks)
    return adverse_selection(sum(m * weight for m, weight in marks) / size, median(spreads))


def _mid_at(at: datetime, times: Sequence[datetime], quotes: Sequence[Quote]) -> float | None:
    index = bisect_right(times, at) - 1
    return quotes[index].mid if index >= 0 else None


def _large_share(
    prints: Sequence[SignedTrade], large_print_usd: float | None, settings: Settings
) -> float | None:
    total = sum(each.notional for each in prints)
    if not total:
        return None
    limit = max(settings.large_floor_usd, large_print_usd or settings.large_floor_usd)
    return sum(each.notional for each in prints if each.notional >= limit) / total


def _lean(prints: Sequence[SignedTrade]) -> float | None:
    total = sum(each.notional for each in prints)
    if not total:
        return None
    return sum(each.signing.share * each.notional for each in prints) / total


def _age_s(each: SignedTrade, at: datetime) -> float:
    return (at - each.trade.event_at).total_seconds()
