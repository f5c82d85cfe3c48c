"""Black-Scholes-Merton prices and Greeks of whole chains in one pass (DOMAIN 2.4).

Every function takes columns (or scalars; they broadcast): right +1 call / -1 put, spot and
strike in dollars, t in years (calendar, ACT/365), sigma, r and q as continuously compounded
fractions. At t = 0 the value is the payoff, delta its slope (half at the strike), the rest 0.

    d1 = [ln(S/K) + (r - q + sigma^2/2) t] / (sigma sqrt t),   d2 = d1 - sigma sqrt t

The fields of `Greeks` carry their published units in their names (DOMAIN 0.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from quanticity.domain.calendar import SECONDS_PER_YEAR

Floats = NDArray[np.float64]

DAYS_PER_YEAR = 365
_DAY = 1.0 / DAYS_PER_YEAR
_PHI_0 = 0.3989422804014327  # 1 / sqrt(2 pi)


@dataclass(frozen=True, slots=True, eq=False)
class Greeks:
    """All sensitivities of one pass, one entry per contract.

    price USD per share; delta shares per share; gamma delta per USD; vega_per_volpt USD per vol
    point; theta_per_day USD per calendar day; vanna_per_volpt delta per vol point; charm_per_day
    delta per calendar day of time passing; rho_per_1pct USD per percentage point of r.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega_per_volpt: Floats
    theta_per_day: Floats
    vanna_per_volpt: Floats
    charm_per_day: Floats
    rho_per_1pct: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """What the formulas share: discount factors, d1, d2 and the discounted density."""

    w: Floats
    spot: Floats
    strike: Floats
    t: Floats
    sqrt_t: Floats
    sigma: Floats
    r: Floats
    q: Floats
    carry: Floats
    discount: Floats
    d1: Floats
    d2: Floats
    density: Floats


def years(seconds: ArrayLike) -> Floats:
    """Seconds to settlement as years of 365 days, never negative."""
    return np.asarray(np.maximum(np.asarray(seconds, dtype=float), 0.0) / SECONDS_PER_YEAR)


def greeks(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    t: ArrayLike,
    sigma: ArrayLike,
    r: ArrayLike,
    q: ArrayLike,
) -> Greeks:
    """Price and every Greek; a NaN in any input gives NaN in that contract's answers."""
    x = _terms(right, spot, strike, t, sigma, r, q)
    live = x.t > 0.0
    n1, n2 = ndtr(x.w * x.d1), ndtr(x.w * x.d2)
    forward_leg, strike_leg = x.spot * x.carry * n1, x.strike * x.discount * n2
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = (
            -x.spot * x.density * x.sigma / (2 * x.sqrt_t)
            - x.w * x.r * strike_leg
            + x.w * x.q * forward_leg
        )
        charm = x.w * x.q * x.carry * n1 - x.density * (
            (x.r - x.q) / (x.sigma * x.sqrt_t) - x.d2 / (2 * x.t)
        )
        columns = {
            "gamma": x.density / (x.spot * x.sigma * x.sqrt_t),
            "vega_per_volpt": 0.01 * x.spot * x.density * x.sqrt_t,
            "theta_per_day": theta * _DAY,
            "vanna_per_volpt": -0.01 * x.density * x.d2 / x.sigma,
            "charm_per_day": charm * _DAY,
            "rho_per_1pct": 0.01 * x.w * x.t * strike_leg,
        }
    return Greeks(
        price=np.where(live, x.w * (forward_leg - strike_leg), _payoff(x)),
        delta=np.where(live, x.w * x.carry * n1, _payoff_slope(x)),
        **{name: _zero_at_expiry(column, x) for name, column in columns.items()},
    )


def price(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    t: ArrayLike,
    sigma: ArrayLike,
    r: ArrayLike,
    q: ArrayLike,
) -> Floats:
    """Value in dollars per share."""
    x = _terms(right, spot, strike, t, sigma, r, q)
    legs = x.spot * x.carry * ndtr(x.w * x.d1) - x.strike * x.discount * ndtr(x.w * x.d2)
    return np.where(x.t > 0.0, x.w * legs, _payoff(x))


def delta(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    t: ArrayLike,
    sigma: ArrayLike,
    r: ArrayLike,
    q: ArrayLike,
) -> Floats:
    """Shares per share: call in [0, 1], put in [-1, 0]."""
    x = _terms(right, spot, strike, t, sigma, r, q)
    return np.where(x.t > 0.0, x.w * x.carry * ndtr(x.w * x.d1), _payoff_slope(x))


def gamma(
    spot: ArrayLike, strike: ArrayLike, t: ArrayLike, sigma: ArrayLike, r: ArrayLike, q: ArrayLike
) -> Floats:
    """Delta per +1 dollar of spot, of calls and puts alike."""
    x = _terms(1.0, spot, strike, t, sigma, r, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _zero_at_expiry(x.density / (x.spot * x.sigma * x.sqrt_t), x)


def charm_decay(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    t: ArrayLike,
    sigma: ArrayLike,
    r: ArrayLike,
    q: ArrayLike,
    *,
    passing: ArrayLike = _DAY,
) -> Floats:
    """Change of delta when `passing` years go by with spot and sigma unchanged (full reprice)."""
    later = np.maximum(np.asarray(t, dtype=float) - np.asarray(passing, dtype=float), 0.0)
    return delta(right, spot, strike, later, sigma, r, q) - delta(
        right, spot, strike, t, sigma, r, q
    )


def theta_decay(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    t: ArrayLike,
    sigma: ArrayLike,
    r: ArrayLike,
    q: ArrayLike,
) -> Floats:
    """Change of value in dollars when one calendar day goes by (full reprice)."""
    later = np.maximum(np.asarray(t, dtype=float) - _DAY, 0.0)
    return price(right, spot, strike, later, sigma, r, q) - price(
        right, spot, strike, t, sigma, r, q
    )


def _terms(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    t: ArrayLike,
    sigma: ArrayLike,
    r: ArrayLike,
    q: ArrayLike,
) -> _Terms:
    w, spot_, strike_, t_, sigma_, r_, q_ = (
        np.asarray(column, dtype=float) for column in (right, spot, strike, t, sigma, r, q)
    )
    sqrt_t = np.sqrt(t_)
    deviation = sigma_ * sqrt_t
    carry, discount = np.exp(-q_ * t_), np.exp(-r_ * t_)
    with np.errstate(divide="ignore", invalid="ignore"):
        d1 = (np.log(spot_ / strike_) + (r_ - q_) * t_) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    density = _PHI_0 * carry * np.exp(-0.5 * d1 * d1)
    return _Terms(w, spot_, strike_, t_, sqrt_t, sigma_, r_, q_, carry, discount, d1, d2, density)


def _payoff(x: _Terms) -> Floats:
    return np.maximum(x.w * (x.spot - x.strike), 0.0)


def _payoff_slope(x: _Terms) -> Floats:
    in_the_money = x.w * (x.spot - x.strike)
    return np.asarray(x.w * np.where(in_the_money > 0, 1.0, np.where(in_the_money == 0, 0.5, 0.0)))


def _zero_at_expiry(column: Floats, x: _Terms) -> Floats:
    return np.where(x.t > 0.0, column, 0.0)
