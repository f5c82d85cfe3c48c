"""Sums of one inventory by strike, by expiry and by bucket, in dollars (DOMAIN 3.1, 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import inventory
from analytics.calculators.inventory import BUCKETS, Inventory
from analytics.calculators.levels import Strikes
from analytics.calculators.tally import Tally
from quanticity.domain.readings import Unavailable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StrikeExposure:
    """Gamma exposure at one strike, dollars per +1 %."""

    strike: float
    net_usd_per_1pct: float
    call_usd_per_1pct: float
    put_usd_per_1pct: float


@dataclass(frozen=True, slots=True)
class ExpiryExposure:
    """All four exposures of one expiry date."""

    expiry_date: date
    gex_usd_per_1pct: float
    dex_usd: float
    vex_usd_per_volpt: float
    cex_usd_per_day: float


def unavailable(name: str, held: Inventory, settings: inventory.Settings) -> Unavailable | None:
    """Why no total may be published, or None."""
    if not (held.priced.open_interest > 0).any():
        return Unavailable(name, "NO_DATA", "no open interest")
    if held.coverage is None or not held.counted.any():
        return Unavailable(name, "NO_QUOTE", "no contract of the filter has a volatility")
    if held.coverage < settings.min_coverage:
        detail = f"coverage {held.coverage:.3f} below {settings.min_coverage}"
        return Unavailable(name, "LOW_COVERAGE", detail)
    return None


def by_strike(sums: Tally) -> Strikes:
    """Gamma exposure per strike that has a counted row."""
    return Strikes(sums.strike, sums.by_strike[:, 0], sums.by_strike[:, 1])


def near_strikes(held: Inventory, among: Bools) -> Strikes:
    """As `by_strike`, of some of the counted rows."""
    p, rows = held.priced, np.flatnonzero(held.counted & among)
    strike, at = np.unique(p.strike[rows], return_inverse=True)
    value = held.weight[rows] * p.greeks.gamma[rows] * p.spot**2 * 0.01
    call = np.bincount(at, np.where(p.right[rows] > 0, value, 0.0), len(strike))
    put = np.bincount(at, np.where(p.right[rows] < 0, value, 0.0), len(strike))
    return Strikes(strike, call.astype(float), put.astype(float))


def listed(strikes: Strikes, spot: float, limit: int) -> tuple[StrikeExposure, ...]:
    """The strikes nearest spot, ascending."""
    nearest = np.sort(np.argsort(np.abs(strikes.strike - spot), kind="stable")[:limit])
    return tuple(
        StrikeExposure(
            float(strikes.strike[i]),
            float(strikes.net[i]),
            float(strikes.call[i]),
            float(strikes.put[i]),
        )
        for i in nearest
    )


def by_bucket(held: Inventory, sums: Tally, exposure: int) -> dict[str, float]:
    """Sum of one exposure per expiry bucket; gt30 lies outside every total."""
    found = np.zeros(len(BUCKETS))
    np.add.at(found, inventory.expiry_buckets(held.priced), sums.by_expiry[:, exposure])
    return dict(zip(BUCKETS, found.tolist(), strict=True))


def by_expiry(held: Inventory, sums: Tally) -> tuple[ExpiryExposure, ...]:
    """The four exposures per expiry date of the filter, nearest first."""
    found: dict[date, Floats] = {}
    for expiry, within, row in zip(held.priced.expiries, sums.within, sums.by_expiry, strict=True):
        if within:
            found[expiry.expiry_date] = found.get(expiry.expiry_date, 0.0) + row
    return tuple(ExpiryExposure(day, *found[day].tolist()) for day in sorted(found))


def oi_delta(held: Inventory) -> tuple[float, float, float]:
    """Delta of the open interest in dollars: calls, puts, net. No dealer model."""
    p = held.priced
    dollars = p.greeks.delta * p.spot * held.shares
    call = float(dollars[held.counted & (p.right > 0)].sum())
    put = float(dollars[held.counted & (p.right < 0)].sum())
    return call, put, call + put


def heaviest_strikes(held: Inventory, limit: int) -> tuple[float, ...]:
    """Strikes with the largest net open-interest delta, heaviest first."""
    p = held.priced
    rows = np.flatnonzero(held.counted)
    strike, at = np.unique(p.strike[rows], return_inverse=True)
    net = np.bincount(at, (p.greeks.delta * held.shares)[rows], len(strike))
    return tuple(strike[np.argsort(-np.abs(net), kind="stable")[:limit]].tolist())
