"""A smile as quoted, and its weighted parabola: slope and curvature (DOMAIN 3.7).

IV is fitted on 1, k, k^2 with k = ln(K/F) / (sigma_ATM sqrt T), |k| <= 1.5, each quote weighted by
the inverse square of its bid-ask interval. A fit that gives a butterfly a negative price is
arbitrage and is not believed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.calendar import SECONDS_PER_YEAR

Floats = NDArray[np.float64]

_CHECKED = 61  # points between the outermost quotes at which the density is looked at


@dataclass(frozen=True, slots=True)
class Settings:
    """Which quotes serve, and how many there must be."""

    delta: float
    max_gap: float
    k_max: float
    min_points: int
    min_otm_strikes: int
    min_t_s: float
    min_spread: float
    butterfly_tolerance: float


@dataclass(frozen=True, slots=True, eq=False)
class QuotedSmile:
    """Admitted out-of-the-money quotes of one expiry; iv columns as fractions."""

    expiry_date: date
    spot: float
    forward: float
    t_s: float
    r: float
    q: float
    right: Floats
    strike: Floats
    iv: Floats
    iv_bid: Floats
    iv_ask: Floats


class Fit(NamedTuple):
    """Points used, and the parabola over k as fractions of volatility."""

    points: int
    level: float
    slope: float
    curvature: float


def compute(smile: QuotedSmile, atm: float, settings: Settings) -> Fit | None:
    """Fit the parabola; None with too few quotes."""
    k = np.log(smile.strike / smile.forward) / _deviation(smile, atm)
    rows = (np.abs(k) <= settings.k_max) & np.isfinite(smile.iv)
    if int(rows.sum()) < settings.min_points:
        return None
    spread = smile.iv_ask[rows] - smile.iv_bid[rows]
    known = np.isfinite(spread)
    # A one-sided quote weighs as little as the widest two-sided one.
    spread = np.where(known, spread, spread[known].max(initial=settings.min_spread))
    # lstsq minimizes the squares of weighted residuals: the weights' roots go in.
    root = 1 / np.maximum(spread, settings.min_spread)
    design = np.stack([np.ones(int(rows.sum())), k[rows], k[rows] ** 2], axis=1)
    solved, *_ = np.linalg.lstsq(design * root[:, None], smile.iv[rows] * root, rcond=None)
    return Fit(int(rows.sum()), *(float(value) for value in solved))


def is_convex(fit: Fit, smile: QuotedSmile, atm: float, settings: Settings) -> bool:
    """No fitted butterfly is negative: Gatheral's density condition on w(y), y = ln(K/F)."""
    scale, t = _deviation(smile, atm), smile.t_s / SECONDS_PER_YEAR
    quoted = np.log(smile.strike / smile.forward) / scale
    quoted = quoted[np.abs(quoted) <= settings.k_max]
    k = np.linspace(quoted.min(), quoted.max(), _CHECKED)
    iv = fit.level + fit.slope * k + fit.curvature * k * k
    first = (fit.slope + 2 * fit.curvature * k) / scale
    second = 2 * fit.curvature / scale**2
    y, w = k * scale, iv * iv * t
    w1, w2 = 2 * iv * first * t, 2 * t * (first * first + iv * second)
    density = (1 - y * w1 / (2 * w)) ** 2 - w1 * w1 / 4 * (1 / w + 0.25) + w2 / 2
    return bool((iv > 0).all() and (density >= -settings.butterfly_tolerance).all())


def _deviation(smile: QuotedSmile, atm: float) -> float:
    return atm * math.sqrt(smile.t_s / SECONDS_PER_YEAR)
