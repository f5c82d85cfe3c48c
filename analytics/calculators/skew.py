"""Skew of one expiry: 25-delta risk reversal, butterfly, slope of the smile (DOMAIN 3.7).

The risk reversal is call minus put, in vol points: an index is normally negative. Deltas are
spot deltas with the dividend factor. Slope and curvature are those of `smile_fit`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import black_scholes, smile_fit
from analytics.calculators.pricing import PricedChain
from analytics.calculators.smile_fit import QuotedSmile, Settings
from quanticity.domain.calendar import SECONDS_PER_YEAR
from quanticity.domain.options import IvStatus
from quanticity.domain.readings import Reading, Unavailable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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


def compute(smile: QuotedSmile, settings: Settings) -> Skew | Unavailable:
    """Read the smile; unavailable when no quote surrounds the forward."""
    atm = _at_the_money(smile)
    if atm is None:
        return Unavailable("skew", "NO_DATA", "no quotes on both sides of the forward")
    call, put = (_at_delta(smile, smile.iv, w, settings) for w in (1, -1))
    both = call is not None and put is not None
    fit = smile_fit.compute(smile, atm, settings)
    reasons = {} if both else _leg_reasons(call, put)
    if fit is None or not smile_fit.is_convex(fit, smile, atm, settings):
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


def nearest(found: PricedChain, settings: Settings) -> QuotedSmile | None:
    """Admitted out-of-the-money quotes of the nearest expiry that has enough of them."""
    chain, good = found.chain, found.volatilities.out_of_the_money & found.priced.admitted
    good &= found.iv.status == IvStatus.OK
    for index, expiry in enumerate(chain.expiries):
        rows = np.flatnonzero(good & (chain.expiry_idx == index))
        calls = int((chain.right[rows] > 0).sum())
        if expiry.t_s >= settings.min_t_s and settings.min_otm_strikes <= min(
            calls, len(rows) - calls
        ):
            return _quoted(found, index, rows)
    return None


def _quoted(found: PricedChain, index: int, rows: Ints) -> QuotedSmile:
    p, iv, expiry = found.priced, found.iv, found.chain.expiries[index]
    return QuotedSmile(
        expiry_date=expiry.expiry_date,
        spot=p.spot,
        forward=float(found.forwards.forward[index]),
        t_s=expiry.t_s,
        r=float(p.r[rows[0]]),
        q=float(p.q[rows[0]]),
        right=p.right[rows],
        strike=p.strike[rows],
        iv=iv.iv_mid[rows],
        iv_bid=iv.iv_bid[rows],
        iv_ask=iv.iv_ask[rows],
    )


def _at_the_money(smile: QuotedSmile) -> float | None:
    order = np.argsort(smile.strike, kind="stable")
    strike, iv = smile.strike[order], smile.iv[order]
    if not len(strike) or not strike[0] <= smile.forward <= strike[-1]:
        return None
    return float(np.interp(smile.forward, strike, iv))


def _at_delta(smile: QuotedSmile, iv: Floats, right: int, settings: Settings) -> float | None:
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


def _noise(smile: QuotedSmile, settings: Settings) -> float | None:
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


def _leg_reasons(call: float | None, put: float | None) -> dict[str, str]:
    reasons = dict.fromkeys(("rr25_volpts", "bf25_volpts"), "INSUFFICIENT_SAMPLES")
    if call is None:
        reasons["call25_iv"] = "INSUFFICIENT_SAMPLES"
    if put is None:
        reasons["put25_iv"] = "INSUFFICIENT_SAMPLES"
    return reasons
