"""Skew of one expiry: 25-delta risk reversal, butterfly, slope of the smile (DOMAIN 3.7).

The risk reversal is call minus put, in vol points: an index is normally negative. Deltas are
spot deltas with the dividend factor. The slope is a weighted least-squares fit of IV on 1, k, k^2
with k = ln(K/F) / (sigma_ATM sqrt T), in vol points per standard deviation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import black_scholes
from quanticity.domain.calendar import SECONDS_PER_YEAR
from quanticity.domain.readings import Reading, Unavailable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


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
class Smile:
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


@dataclass(frozen=True, slots=True)
class Skew(Reading):
    """The `skew` payload; what has no answer is None with its reason."""

    name: ClassVar[str] = "skew"

    expiry_date: date
    forward: float
    atm_iv: float
    call25_iv: float | None
    put25_iv: float | None
    rr25_volpts: float | None
    bf25_volpts: float | None
    slope_volpts_per_k: float | None
    curvature_volpts_per_k2: float | None
    fit_points: int
    noise_volpts: float | None
    reasons: dict[str, str] = field(default_factory=dict)


class _Fit(NamedTuple):
    points: int
    level: float
    slope: float
    curvature: float


def compute(smile: Smile, settings: Settings) -> Skew | Unavailable:
    """Read the smile; unavailable when no quote surrounds the forward."""
    atm = _at_the_money(smile)
    if atm is None:
        return Unavailable("skew", "NO_DATA", "no quotes on both sides of the forward")
    call, put = (_at_delta(smile, smile.iv, w, settings) for w in (1, -1))
    both = call is not None and put is not None
    fit = _fit(smile, atm, settings)
    reasons = {} if both else _leg_reasons(call, put)
    if fit is None or not _is_convex(fit, smile, atm, settings):
        code = "INSUFFICIENT_SAMPLES" if fit is None else "ARBITRAGE"
        reasons.update(dict.fromkeys(("slope_volpts_per_k", "curvature_volpts_per_k2"), code))
    kept = fit if "slope_volpts_per_k" not in reasons else None
    noise = _noise(smile, settings)
    if noise is None:
        reasons["noise_volpts"] = "NO_DATA"
    return Skew(
        expiry_date=smile.expiry_date,
        forward=smile.forward,
        atm_iv=atm,
        call25_iv=call,
        put25_iv=put,
        rr25_volpts=100 * (call - put) if call is not None and put is not None else None,
        bf25_volpts=100 * ((call + put) / 2 - atm)
        if call is not None and put is not None
        else None,
        slope_volpts_per_k=None if kept is None else 100 * kept.slope,
        curvature_volpts_per_k2=None if kept is None else 100 * kept.curvature,
        fit_points=0 if fit is None else fit.points,
        noise_volpts=noise,
        reasons=reasons,
    )


def at_the_money(smile: Smile) -> float | None:
    """IV at the forward, linear in the strike; None when quotes lie on one side only."""
    return _at_the_money(smile)


def _at_the_money(smile: Smile) -> float | None:
    order = np.argsort(smile.strike, kind="stable")
    strike, iv = smile.strike[order], smile.iv[order]
    if not len(strike) or not strike[0] <= smile.forward <= strike[-1]:
        return None
    return float(np.interp(smile.forward, strike, iv))


def _at_delta(smile: Smile, iv: Floats, right: int, settings: Settings) -> float | None:
    """IV at the target delta, linear in |delta| between the two nearest quotes around it."""
    rows = (smile.right == right) & np.isfinite(iv)
    if not rows.any():
        return None
    t = smile.t_s / SECONDS_PER_YEAR
    size = np.abs(
        black_scholes.delta(right, smile.spot, smile.strike[rows], t, iv[rows], smile.r, smile.q)
    )
    inside = np.abs(size - settings.delta) <= settings.max_gap
    below = inside & (size <= settings.delta)
    above = inside & (size >= settings.delta)
    if not below.any() or not above.any():
        return None
    low = int(np.flatnonzero(below)[np.argmax(size[below])])
    high = int(np.flatnonzero(above)[np.argmin(size[above])])
    values = iv[rows]
    if size[high] == size[low]:
        return float(values[low])
    share = (settings.delta - size[low]) / (size[high] - size[low])
    return float(values[low] + share * (values[high] - values[low]))


def _fit(smile: Smile, atm: float, settings: Settings) -> _Fit | None:
    k = np.log(smile.strike / smile.forward) / _deviation(smile, atm)
    rows = (np.abs(k) <= settings.k_max) & np.isfinite(smile.iv)
    if int(rows.sum()) < settings.min_points:
        return None
    spread = smile.iv_ask[rows] - smile.iv_bid[rows]
    spread = np.where(np.isfinite(spread), spread, np.nanmax(spread, initial=settings.min_spread))
    # lstsq minimizes the squares of weighted residuals: the weights' roots go in.
    root = 1 / np.maximum(spread, settings.min_spread)
    design = np.stack([np.ones(int(rows.sum())), k[rows], k[rows] ** 2], axis=1)
    solved, *_ = np.linalg.lstsq(design * root[:, None], smile.iv[rows] * root, rcond=None)
    return _Fit(int(rows.sum()), *(float(value) for value in solved))


def _is_convex(fit: _Fit, smile: Smile, atm: float, settings: Settings) -> bool:
    """No fitted butterfly is negative: Gatheral's density condition on w(y), y = ln(K/F)."""
    scale, t = _deviation(smile, atm), smile.t_s / SECONDS_PER_YEAR
    k = np.linspace(-settings.k_max, settings.k_max, 61)
    iv = fit.level + fit.slope * k + fit.curvature * k * k
    first = (fit.slope + 2 * fit.curvature * k) / scale
    second = 2 * fit.curvature / scale**2
    y, w = k * scale, iv * iv * t
    w1, w2 = 2 * iv * first * t, 2 * t * (first * first + iv * second)
    density = (1 - y * w1 / (2 * w)) ** 2 - w1 * w1 / 4 * (1 / w + 0.25) + w2 / 2
    return bool((iv > 0).all() and (density >= -settings.butterfly_tolerance).all())


def _noise(smile: Smile, settings: Settings) -> float | None:
    """|risk reversal from bid IVs less the one from ask IVs|: smaller changes are no changes."""
    legs = [
        _at_delta(smile, side, right, settings)
        for side in (smile.iv_bid, smile.iv_ask)
        for right in (1, -1)
    ]
    if any(leg is None for leg in legs):
        return None
    bid_call, bid_put, ask_call, ask_put = (leg for leg in legs if leg is not None)
    return 100 * abs((bid_call - bid_put) - (ask_call - ask_put))


def _deviation(smile: Smile, atm: float) -> float:
    return atm * math.sqrt(smile.t_s / SECONDS_PER_YEAR)


def _leg_reasons(call: float | None, put: float | None) -> dict[str, str]:
    reasons = dict.fromkeys(("rr25_volpts", "bf25_volpts"), "INSUFFICIENT_SAMPLES")
    if call is None:
        reasons["call25_iv"] = "INSUFFICIENT_SAMPLES"
    if put is None:
        reasons["put25_iv"] = "INSUFFICIENT_SAMPLES"
    return reasons
