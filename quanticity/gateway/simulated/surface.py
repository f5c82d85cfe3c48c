"""The option surface: total variance by strike and expiry, prices, Greeks and quotes (pure).

Total variance follows the SSVI form of Gatheral and Jacquier (Quantitative Finance 14(1), 2014):
w(k) = theta/2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)), phi = eta / sqrt(theta
(1 + theta)); with eta (1 + |rho|) <= 2 and theta rising in time it admits no static arbitrage.
Variance runs by sessions and within a session by the market's own activity, not by the calendar.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from quanticity.domain import calendar
from quanticity.gateway.simulated import prices
from quanticity.gateway.simulated.shapes import variance_shape

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """Shape of the surface and of option quotes."""

    rate: float
    rho: float
    eta: float
    leverage: float
    term_slope: float
    spread_usd: float
    spread_frac: float
    spread_wing_usd: float
    max_spread_frac: float
    size_contracts: int


@dataclass(frozen=True, slots=True)
class Series:
    """Columns of some option series of one underlying: one entry per contract."""

    strike: Floats
    sign: Floats
    years: Floats
    theta: Floats


@dataclass(frozen=True, slots=True)
class Valuation:
    """Fair values and Greeks, one entry per contract; vega per volatility point, theta per day."""

    price: Floats
    iv: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    intrinsic: Floats


class Surface:
    """Total variance to expiry, with the market's own clock."""

    def __init__(self, settings: Settings, paths: prices.Settings) -> None:
        self.settings = settings
        self._paths = paths
        self._left: dict[int, Floats] = {}

    def sessions_left(self, at: datetime, expiry_sessions: int) -> float:
        """Sessions' worth of variance until the close `expiry_sessions` sessions from today."""
        today = calendar.session(calendar.session_date(at))
        left = 0.0
        if at < today.close_at:
            night = self._paths.overnight_variance_share
            left = (1 - night) * float(self._remaining(today.rth_s)[_second(today, at)])
        return left + expiry_sessions

    def theta(self, at: datetime, expiry_sessions: int, daily_vol: float) -> float:
        """At-the-money total variance to that close."""
        days = self.sessions_left(at, expiry_sessions)
        rising = 1 + self.settings.term_slope * (1 - np.exp(-days / 20))
        return float(daily_vol**2 * days * rising)

    # Share of the session's variance that is still to come, by second.
    def _remaining(self, seconds: int) -> Floats:
        if seconds not in self._left:
            shape = variance_shape(seconds, self._paths.open_vol_boost, self._paths.close_vol_boost)
            self._left[seconds] = np.maximum(1 - np.cumsum(shape) + shape, 0)
        return self._left[seconds]


def total_variance(k: Floats, theta_: Floats, settings: Settings) -> Floats:
    """SSVI total variance at log forward moneyness k."""
    x = k * settings.eta / np.sqrt(theta_ * (1 + theta_))
    rho = settings.rho
    w: Floats = theta_ / 2 * (1 + rho * x + np.sqrt((x + rho) ** 2 + 1 - rho**2))
    return w


def value(
    spot: float, series: Series, dividend: float, settings: Settings, *, european: bool
) -> Valuation:
    """Price every series by Black-Scholes-Merton with its own variance."""
    years = np.maximum(series.years, 1e-9)
    discount, carry = np.exp(-settings.rate * years), np.exp(-dividend * years)
    forward = spot * carry / discount
    w = total_variance(np.log(series.strike / forward), np.maximum(series.theta, 1e-12), settings)
    root = np.sqrt(w)
    d1 = np.log(forward / series.strike) / root + root / 2
    sign = series.sign
    n1, n2 = normal_cdf(sign * d1), normal_cdf(sign * (d1 - root))
    density = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    fair = discount * sign * (forward * n1 - series.strike * n2)
    intrinsic = np.maximum(sign * (spot - series.strike), 0)
    # An American option is worth at least its exercise; the premium beyond is not modelled.
    price = np.maximum(fair, 0 if european else intrinsic)
    iv, sqrt_t = root / np.sqrt(years), np.sqrt(years)
    decay = -spot * carry * density * iv / (2 * sqrt_t)
    decay += sign * (dividend * spot * carry * n1 - settings.rate * series.strike * discount * n2)
    return Valuation(
        price=price,
        iv=iv,
        delta=sign * carry * n1,
        gamma=carry * density / (spot * root),
        vega=spot * carry * density * sqrt_t / 100,
        theta=decay / 365,
        intrinsic=intrinsic,
    )


def flat(settings: Settings) -> Settings:
    """The same without a smile: every strike at the volatility at the money."""
    return dataclasses.replace(settings, eta=1e-9)


def quotes(fair: Valuation, settings: Settings, *, penny: bool) -> tuple[Floats, Floats]:
    """Bid and ask around fair values: a tick apart near the money, wider with premium."""
    itm = np.minimum(fair.intrinsic, fair.price)
    wide = settings.spread_usd + settings.spread_frac * (fair.price - itm)
    wide += settings.spread_wing_usd * itm / 10
    limit = np.where(fair.price >= 0.5, settings.max_spread_frac * fair.price - 0.01, wide)  # noqa: PLR2004 - dollars
    half = np.minimum(wide, limit) / 2
    tick = np.where(penny | (fair.price < 3), 0.01, 0.05)  # noqa: PLR2004 - the exchange's 3 dollar rule
    bid = np.floor((fair.price - half) / tick + 0.5) * tick
    ask = np.maximum(np.ceil((fair.price + half) / tick - 0.5), bid / tick + 1) * tick
    return np.round(np.maximum(bid, 0), 2), np.round(ask, 2)


def normal_cdf(x: Floats) -> Floats:
    """Standard normal distribution, double precision (Hart 1968, as given by West 2005)."""
    z = np.minimum(np.abs(x), 37.0)
    tail = np.exp(-z * z / 2)
    top = np.polyval(_HART_TOP, z)
    near = tail * top / np.polyval(_HART_BOTTOM, z)
    far = tail / (z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65))))) / 2.506628274631
    beyond = np.where(z < 7.07106781186547, near, far)  # noqa: PLR2004 - where the two forms meet
    found: Floats = np.where(x > 0, 1 - beyond, beyond)
    return found


_HART_TOP = np.array([
    3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383,
    112.079291497871, 221.213596169931, 220.206867912376,
])  # fmt: skip
_HART_BOTTOM = np.array([
    8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461,
    296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752,
])  # fmt: skip


def _second(today: calendar.Session, at: datetime) -> int:
    since = int((at - today.open_at).total_seconds())
    return min(max(since, 0), today.rth_s - 1)
