"""The smile of one expiry as points, with the strikes of its 25-delta volatilities (DOMAIN 3.7).

A strike of a given spot delta follows from its volatility in closed form:
N(w d1) = |delta| e^qT, K = S exp((r - q + sigma^2 / 2) T - d1 sigma sqrt T).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np

from analytics.calculators.skew import Skew
from analytics.calculators.smile_fit import QuotedSmile
from quanticity.domain.calendar import SECONDS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Point:
    """One out-of-the-money quote; iv as a fraction, its interval where both sides have one."""

    strike: float
    right: int
    iv: float
    iv_bid: float | None
    iv_ask: float | None


@dataclass(frozen=True, slots=True)
class SmilePoints:
    """Points by strike; the 25-delta strikes are None with their volatilities."""

    expiry_date: date
    forward: float
    spot_price: float
    points: tuple[Point, ...]
    call25_strike: float | None
    put25_strike: float | None


def compute(smile: QuotedSmile, shape: Skew, delta: float) -> SmilePoints:
    """Lay out the quotes that the skew was read from."""
    order = [int(row) for row in np.argsort(smile.strike) if np.isfinite(smile.iv[row])]
    return SmilePoints(
        expiry_date=smile.expiry_date,
        forward=smile.forward,
        spot_price=smile.spot,
        points=tuple(
            Point(
                strike=float(smile.strike[row]),
                right=int(smile.right[row]),
                iv=float(smile.iv[row]),
                iv_bid=_known(smile.iv_bid[row]),
                iv_ask=_known(smile.iv_ask[row]),
            )
            for row in order
        ),
        call25_strike=strike_at_delta(smile, 1, shape.call25_iv, delta),
        put25_strike=strike_at_delta(smile, -1, shape.put25_iv, delta),
    )


def strike_at_delta(
    smile: QuotedSmile, right: int, sigma: float | None, delta: float
) -> float | None:
    """The strike whose spot delta has this size at this volatility."""
    t = smile.t_s / SECONDS_PER_YEAR
    share = delta * math.exp(smile.q * t)
    if sigma is None or not 0 < share < 1:
        return None
    d1 = right * NormalDist().inv_cdf(share)
    drift = (smile.r - smile.q + sigma * sigma / 2) * t
    return smile.spot * math.exp(drift - d1 * sigma * math.sqrt(t))


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
