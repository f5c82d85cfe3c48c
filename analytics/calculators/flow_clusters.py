"""How prints arrive: three clusters of bursts, described, not named after people (DOMAIN 3.14).

KMeans on scaled burst features, seeded; begun from the centroids before it when there are any, else
a cold fit matched to them by the Hungarian method, so that labels keep their meaning. A burst's
posterior is the softmax of -d^2 / (2 s^2), s^2 the mean variance within clusters. A cluster is
`momentum`, `hedging` or `mean_reversion` by rules on its centroid, else `unclear`; the four shares
are dollar-weighted posteriors and sum to 1. It abstains when clusters are not distinct.
`fit` returns the model, `compute` reads it. After Lloyd 1982; Rousseeuw 1987 (silhouette).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import flow_bursts, kmeans
from analytics.calculators.flow_bursts import FEATURES, Burst
from quanticity.domain.readings import Reading, Unavailable

Floats = NDArray[np.float64]
_SIGNED, _IMPACT, _NOTIONAL = (
    FEATURES.index(n) for n in ("signed_share", "impact_bps", "log_notional")
)
_LABELS = ("momentum", "mean_reversion", "hedging", "unclear")
SHARES = tuple(f"{label}_share" for label in _LABELS)


@dataclass(frozen=True, slots=True)
class Scale:
    """Median and interquartile range of each feature, from 20 sessions or from the defaults."""

    median: tuple[float, ...]
    iqr: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Size of the model, when it abstains, and what the labels mean."""

    k: int
    seed: int
    cold_starts: int
    max_iterations: int
    window_s: float
    gap_ms: float
    sweep_levels: int
    min_bursts: int
    silhouette_min: float
    silhouette_sample: int
    posterior_min: float
    drift_ari: float
    momentum_impact_iqr: float
    hedging_share: float
    large_floor_usd: float
    small_size: float
    small_usd: float
    scale_sessions: int
    scale: Scale


@dataclass(frozen=True, slots=True)
class Model:
    """Centroids in scaled units; the next fit begins from them."""

    centroids: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a symbol's clusters carry on: today's model, the last session's, and past scales.

    `scales` has one scale per session, the one learned from its fullest window; `scale` is in
    force today (None: the default one) and changes only between sessions.
    """

    session: date | None = None
    model: Model | None = None
    yesterday: Model | None = None
    scale: Scale | None = None
    scales: tuple[Scale, ...] = ()
    fullest_n: int = 0


@dataclass(frozen=True, slots=True)
class FlowClusters(Reading):
    """Shares of dollars by behavior and by size; shares of behavior are None when it abstains."""

    name: ClassVar[str] = "flow_clusters"

    momentum_share: float | None
    mean_reversion_share: float | None
    hedging_share: float | None
    unclear_share: float | None
    momentum_dir: float | None
    block_share: float
    small_lot_share: float
    other_share: float
    silhouette: float
    mean_max_posterior: float
    ari_vs_prev_day: float | None
    abstained: bool
    n_bursts: int
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class References:
    """Yesterday's model, and the 99th percentile of a print in dollars."""

    yesterday: Model | None = None
    large_print_usd: float | None = None


def turn(memory: Memory, session: date, settings: Settings) -> Memory:
    """The memory at this session: a new one compares itself with the last, in units of its own.

    Scales of enough sessions replace the default; centroids keep their place in raw units.
    """
    if memory.session == session:
        return memory
    before = memory.scale or settings.scale
    scale = _typical(memory.scales) if len(memory.scales) >= settings.scale_sessions else None
    model = memory.model and _rescaled(memory.model, before, scale or settings.scale)
    return replace(memory, session=session, model=model, yesterday=model, scale=scale, fullest_n=0)


def learn(
    memory: Memory, bursts: Sequence[Burst], model: Model | None, settings: Settings
) -> Memory:
    """Keep the latest model, and the session's scale when no window of it was fuller."""
    scales, fullest = memory.scales, memory.fullest_n
    if len(bursts) >= settings.min_bursts and len(bursts) > fullest:
        past = scales[:-1] if fullest else scales
        scales = (*past, learn_scale(bursts, settings))[-settings.scale_sessions :]
        fullest = len(bursts)
    return replace(memory, model=model or memory.model, scales=scales, fullest_n=fullest)


def fit(bursts: Sequence[Burst], before: Model | None, settings: Settings) -> Model | None:
    """Fit the clusters, warm from the model before; None with too few bursts."""
    if len(bursts) < settings.min_bursts:
        return None
    points = _scaled(bursts, settings)
    if before is None:
        return _model(kmeans.cold(points, settings.k, settings.seed, settings.cold_starts))
    reference = np.array(before.centroids)
    found = kmeans.lloyd(points, reference, settings.max_iterations)
    if len(np.unique(kmeans.nearest(points, found))) < settings.k:
        # A cluster died out: warm steps cannot bring it back.
        return refit(bursts, before, settings)
    return _model(found)


def refit(bursts: Sequence[Burst], before: Model, settings: Settings) -> Model:
    """Fit from scratch, with the clusters in the order of the model before."""
    found = kmeans.cold(_scaled(bursts, settings), settings.k, settings.seed, settings.cold_starts)
    return _model(kmeans.matched(found, np.array(before.centroids)))


def compute(
    bursts: Sequence[Burst], model: Model | None, references: References, settings: Settings
) -> FlowClusters | Unavailable:
    """Describe the bursts of the last minutes by a model fitted on them."""
    if model is None or len(bursts) < settings.min_bursts:
        detail = f"{len(bursts)} of {settings.min_bursts} bursts"
        return Unavailable("flow_clusters", "INSUFFICIENT_SAMPLES", detail)
    points, centroids = _scaled(bursts, settings), np.array(model.centroids)
    labels = kmeans.nearest(points, centroids)
    posterior = kmeans.posterior(points, centroids, labels)
    distinct = kmeans.silhouette(points, labels, settings.silhouette_sample)
    certain = float(posterior.max(axis=1).mean())
    abstained = distinct < settings.silhouette_min or certain < settings.posterior_min
    behavior = _behavior(bursts, centroids, posterior, settings)
    agreement = _agreement(points, labels, references.yesterday)
    return FlowClusters(
        **(dict.fromkeys(behavior) if abstained else behavior),
        **_sizes(bursts, references.large_print_usd, settings),
        silhouette=distinct,
        mean_max_posterior=certain,
        ari_vs_prev_day=agreement,
        abstained=abstained,
        n_bursts=len(bursts),
        reasons=dict.fromkeys(behavior if abstained else (), "ABSTAIN")
        | ({"ari_vs_prev_day": "NO_DATA"} if agreement is None else {}),
    )


def learn_scale(bursts: Sequence[Burst], settings: Settings) -> Scale:
    """Median and interquartile range of these bursts; a feature without a range keeps the old."""
    raw = flow_bursts.columns(bursts, settings.gap_ms)
    low, middle, high = np.quantile(raw, [0.25, 0.5, 0.75], axis=0)
    ranges = np.where(high > low, high - low, np.array(settings.scale.iqr))
    return Scale(tuple(map(float, middle)), tuple(map(float, ranges)))


def _scaled(bursts: Sequence[Burst], settings: Settings) -> Floats:
    # Unscaled, the logarithm of size would be all that counts.
    raw, scale = flow_bursts.columns(bursts, settings.gap_ms), settings.scale
    points: Floats = (raw - np.array(scale.median)) / np.array(scale.iqr)
    return points


def _typical(scales: Sequence[Scale]) -> Scale:
    """Feature by feature, the median over sessions."""
    median = np.median([scale.median for scale in scales], axis=0)
    iqr = np.median([scale.iqr for scale in scales], axis=0)
    return Scale(tuple(map(float, median)), tuple(map(float, iqr)))


def _rescaled(model: Model, before: Scale, after: Scale) -> Model:
    if before == after:
        return model
    raw = np.array(model.centroids) * np.array(before.iqr) + np.array(before.median)
    return _model((raw - np.array(after.median)) / np.array(after.iqr))


def _model(centroids: Floats) -> Model:
    return Model(tuple(tuple(float(value) for value in row) for row in centroids))


def _behavior(
    bursts: Sequence[Burst], centroids: Floats, posterior: Floats, settings: Settings
) -> dict[str, float | None]:
    raw = centroids * np.array(settings.scale.iqr) + np.array(settings.scale.median)
    notional = np.array([burst.notional_usd for burst in bursts])
    weight = (posterior * notional[:, np.newaxis]).sum(axis=0) / notional.sum()
    labels = [_label(cluster, raw, settings) for cluster in range(len(raw))]
    shares: dict[str, float | None] = {
        f"{name}_share": float(
            sum(w for w, label in zip(weight, labels, strict=True) if label == name)
        )
        for name in _LABELS
    }
    moving = np.array([label == "momentum" for label in labels])
    total = float(weight[moving].sum())
    toward = float((weight * raw[:, _SIGNED])[moving].sum()) / total if total else 0.0
    return {**shares, "momentum_dir": max(-1.0, min(1.0, toward))}


def _label(cluster: int, raw: Floats, settings: Settings) -> str:
    impact, side = raw[cluster, _IMPACT], raw[cluster, _SIGNED]
    moved = abs(impact) >= settings.momentum_impact_iqr * settings.scale.iqr[_IMPACT]
    if moved and impact * side > 0:
        return "momentum"
    if raw[:, _NOTIONAL].argmax() == cluster and abs(side) < settings.hedging_share:
        return "hedging"
    return "mean_reversion" if impact * side < 0 else "unclear"


def _sizes(
    bursts: Sequence[Burst], large_print_usd: float | None, settings: Settings
) -> dict[str, float]:
    large = max(settings.large_floor_usd, large_print_usd or settings.large_floor_usd)
    total = sum(burst.notional_usd for burst in bursts)
    block = sum(burst.notional_usd for burst in bursts if burst.notional_usd >= large)
    small = sum(
        burst.notional_usd
        for burst in bursts
        if burst.size < settings.small_size and burst.notional_usd < settings.small_usd
    )
    return {
        "block_share": block / total,
        "small_lot_share": small / total,
        "other_share": (total - block - small) / total,
    }


def _agreement(points: Floats, labels: NDArray[np.int64], yesterday: Model | None) -> float | None:
    if yesterday is None:
        return None
    return kmeans.adjusted_rand(labels, kmeans.nearest(points, np.array(yesterday.centroids)))
