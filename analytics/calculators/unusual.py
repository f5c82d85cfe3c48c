"""Unusual options activity: volume far above open interest for the time of day (DOMAIN 3.15).

A contract's ratio is (volume / OI) / max(u, 0.05), u the share of the day's volume expected by
now; only contracts with enough of both and not expiring today count. In [0, 1],
unusual_score = 0.45 min(r3 / 1.5, 1) + 0.30 min(total / 0.35, 1) + 0.15 min(n_big / 3, 1)
+ 0.10 min(n_ratio_ge_1 / 10, 1); r3 is the *third* largest ratio, so that one odd contract cannot
score, total the same ratio of all volume and OI. The direction is that of premium bought at the
ask: calls against puts. Premiums are dollars. Contracts whose volume or OI the feed has not told
are in no ratio and no sum. Cost O(contracts).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.options import Chain
from quanticity.domain.readings import Reading, Unavailable

Floats = NDArray[np.float64]
_THIRD = 3


class Activity(StrEnum):
    """The score in words."""

    NORMAL = "NORMAL"
    WATCH = "WATCH"
    ELEVATED = "ELEVATED"
    EXTREME = "EXTREME"


@dataclass(frozen=True, slots=True)
class Settings:
    """Weights in the order r3, total, big, breadth; what saturates each; limits."""

    weights: tuple[float, float, float, float]
    r3_full: float
    total_full: float
    big_full: float
    breadth_full: float
    min_volume: int
    min_oi: int
    min_dte_sess: int
    min_day_share: float
    big_premium_usd: float
    big_premium_frac: float
    big_premium_abs_usd: float
    direction_from: float
    extreme: float
    elevated: float
    watch: float


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Dollars of today's prints, in chain order: all, bought at the ask, net (+ bought)."""

    premium_usd: Floats
    ask_side_usd: Floats
    net_usd: Floats
    capture_share: float | None


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract that stands out."""

    occ: str
    ratio: float
    volume: int
    open_interest: int
    premium_usd: float


@dataclass(frozen=True, slots=True)
class Unusual(Reading):
    """How unusual today's option trading is, and which way it points."""

    name: ClassVar[str] = "unusual"

    unusual_score: float
    activity: Activity
    unusual_dir: int | None
    net_premium_usd: float | None
    otm_premium_ratio: float | None
    premium_tod_z: float | None
    r3: float
    n_big: int | None
    n_ratio_ge_1: int
    capture_share: float | None
    contracts: tuple[Contract, ...]
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Norms:
    """What is usual: share of the day done, 20-day option premium, the z of today's premium."""

    day_share: float
    average_premium_usd: float | None
    premium_tod_z: float | None = None


def compute(chain: Chain, flow: Flow, norms: Norms, settings: Settings) -> Unusual | Unavailable:
    """Judge one chain with its volume and prints so far today.

    Where no print of the volume was heard, what prints alone say is missing, and the score, which
    then has nothing of big prints, is the least it can be: its reason is LOW_COVERAGE.
    """
    later = (_dte_sess(chain) >= settings.min_dte_sess) & chain.told
    if not later.any():
        return Unavailable("unusual", "NO_DATA", "no contract whose volume and OI are told")
    counted = (
        later & (chain.volume >= settings.min_volume) & (chain.open_interest >= settings.min_oi)
    )
    if not counted.any():
        return Unavailable("unusual", "INSUFFICIENT_SAMPLES", "no contract with volume and OI")
    u = max(norms.day_share, settings.min_day_share)
    ratios = np.zeros(len(chain))
    ratios[counted] = chain.volume[counted] / chain.open_interest[counted] / u
    r3 = float(np.sort(ratios)[-_THIRD]) if len(ratios) >= _THIRD else 0.0
    n_big = int((flow.premium_usd >= _big_usd(norms.average_premium_usd, settings)).sum())
    n_high = int((ratios >= 1).sum())
    total = total_ratio(
        float(chain.volume[later].sum()),
        float(chain.open_interest[later].sum()),
        norms.day_share,
        settings,
    )
    value = score(r3, total, n_big, n_high, settings)
    otm_ratio = _otm_ratio(chain, flow)
    is_heard = bool(flow.capture_share)
    optional: dict[str, Any] = {
        "otm_premium_ratio": otm_ratio if is_heard else None,
        "premium_tod_z": norms.premium_tod_z if is_heard else None,
        "net_premium_usd": float((chain.right * flow.net_usd).sum()) if is_heard else None,
        "n_big": n_big if is_heard else None,
        "unusual_dir": _direction(chain, flow, settings.direction_from) if is_heard else None,
    }
    return Unusual(
        unusual_score=value,
        activity=classify(value, settings),
        r3=r3,
        n_ratio_ge_1=n_high,
        capture_share=flow.capture_share,
        contracts=_standouts(chain, flow, ratios),
        reasons={name: "NO_DATA" for name, v in optional.items() if v is None}
        | ({} if is_heard else {"unusual_score": "LOW_COVERAGE"}),
        **optional,
    )


def score(r3: float, total: float, n_big: int, n_ratio_ge_1: int, settings: Settings) -> float:
    """Weigh the four signs; `total` is `total_ratio`."""
    parts = (
        r3 / settings.r3_full,
        total / settings.total_full,
        n_big / settings.big_full,
        n_ratio_ge_1 / settings.breadth_full,
    )
    return sum(w * min(part, 1.0) for w, part in zip(settings.weights, parts, strict=True))


def total_ratio(volume: float, open_interest: float, day_share: float, settings: Settings) -> float:
    """All volume over all open interest, over the share of the day."""
    return volume / open_interest / max(day_share, settings.min_day_share)


def classify(value: float, settings: Settings) -> Activity:
    """The score in words."""
    if value >= settings.extreme:
        return Activity.EXTREME
    if value >= settings.elevated:
        return Activity.ELEVATED
    return Activity.WATCH if value >= settings.watch else Activity.NORMAL


def _dte_sess(chain: Chain) -> NDArray[np.int64]:
    return np.array([expiry.dte_sess for expiry in chain.expiries], dtype=np.int64)[
        chain.expiry_idx
    ]


def _big_usd(average_usd: float | None, settings: Settings) -> float:
    if settings.big_premium_abs_usd > 0:
        return settings.big_premium_abs_usd
    return max(settings.big_premium_usd, settings.big_premium_frac * (average_usd or 0.0))


def _direction(chain: Chain, flow: Flow, least: float) -> int:
    calls = float(flow.ask_side_usd[chain.right > 0].sum())
    puts = float(flow.ask_side_usd[chain.right < 0].sum())
    if not calls + puts:
        return 0
    lean = (calls - puts) / (calls + puts)
    return int(lean > least) - int(lean < -least)


def _otm_ratio(chain: Chain, flow: Flow) -> float | None:
    if chain.spot is None:
        return None
    out = (chain.strike - chain.spot) * chain.right > 0
    calls = float(flow.ask_side_usd[out & (chain.right > 0)].sum())
    puts = float(flow.ask_side_usd[out & (chain.right < 0)].sum())
    return calls / puts if puts else None


def _standouts(chain: Chain, flow: Flow, ratios: Floats) -> tuple[Contract, ...]:
    rows = [int(row) for row in np.argsort(-ratios, kind="stable")[:10] if ratios[row] > 0]
    return tuple(
        Contract(
            str(chain.occ[row]),
            float(ratios[row]),
            int(chain.volume[row]),
            int(chain.open_interest[row]),
            float(flow.premium_usd[row]),
        )
        for row in rows
    )
