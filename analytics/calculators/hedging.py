"""Hedging elasticity: shares dealers must trade per +1 % of spot (DOMAIN 3.6).

    gamma part = -sum s Gamma OI M S / 100
    vanna part = -sum s vanna_per_volpt OI M beta

beta is how many vol points at-the-money volatility moves per +1 % of spot. Elasticity is the
dollar value over average daily dollar volume: < 0 damps moves, > 0 amplifies them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from analytics.calculators import aggregates, inventory
from analytics.calculators.pricing import Priced
from quanticity.domain.readings import Reading, Unavailable


@dataclass(frozen=True, slots=True)
class Settings:
    """The regression behind beta, and the window of the average daily volume."""

    beta_default: float
    beta_sessions: int
    min_beta_sessions: int
    beta_low: float
    beta_high: float
    adv_sessions: int
    min_adv_sessions: int


@dataclass(frozen=True, slots=True)
class Hedging(Reading):
    """The `hedging` payload; elasticities are None without an average daily volume."""

    name: ClassVar[str] = "hedging"

    hedge_gamma_shares_per_1pct: float
    hedge_vanna_shares_per_1pct: float
    hedge_shares_per_1pct: float
    hedge_usd_per_1pct: float
    elasticity_gamma: float | None
    elasticity_total: float | None
    beta_volpts_per_1pct: float
    coverage: float
    sign_model: str
    oi_basis: str
    exercise_model: str
    reasons: dict[str, str] = field(default_factory=dict)


def compute(
    priced: Priced,
    inventory_settings: inventory.Settings,
    *,
    beta_volpts_per_1pct: float,
    adv_usd: float | None = None,
) -> Hedging | Unavailable:
    """Shares, dollars and share of a day's volume per +1 %."""
    held = inventory.compute(priced, inventory_settings)
    missing = aggregates.unavailable("hedging", held, inventory_settings)
    if missing is not None:
        return missing
    gamma = -held.total(priced.greeks.gamma) * priced.spot * 0.01
    vanna = -held.total(priced.greeks.vanna_per_volpt) * beta_volpts_per_1pct
    usd = (gamma + vanna) * priced.spot
    none = dict.fromkeys(("elasticity_gamma", "elasticity_total"), "NO_DATA")
    return Hedging(
        hedge_gamma_shares_per_1pct=gamma,
        hedge_vanna_shares_per_1pct=vanna,
        hedge_shares_per_1pct=gamma + vanna,
        hedge_usd_per_1pct=usd,
        elasticity_gamma=gamma * priced.spot / adv_usd if adv_usd else None,
        elasticity_total=usd / adv_usd if adv_usd else None,
        beta_volpts_per_1pct=beta_volpts_per_1pct,
        coverage=held.coverage or 0.0,
        sign_model=held.model.value,
        oi_basis="settled",
        exercise_model="european_bsm",
        reasons={} if adv_usd else none,
    )


def beta(
    returns_pct: Sequence[float], iv_changes_volpts: Sequence[float], settings: Settings
) -> float:
    """Vol points per +1 % of spot over the last sessions; the default while there are too few."""
    x = np.asarray(returns_pct, dtype=float)[-settings.beta_sessions :]
    y = np.asarray(iv_changes_volpts, dtype=float)[-settings.beta_sessions :]
    if len(x) < settings.min_beta_sessions or float(np.var(x)) == 0.0:
        return settings.beta_default
    slope = float(np.cov(x, y, ddof=1)[0, 1] / np.var(x, ddof=1))
    return float(np.clip(slope, settings.beta_low, settings.beta_high))


def average_daily_usd(daily_usd: Sequence[float], settings: Settings) -> float | None:
    """Mean dollar volume of the last full sessions (half days left out); None when too few."""
    last = list(daily_usd)[-settings.adv_sessions :]
    return sum(last) / len(last) if len(last) >= settings.min_adv_sessions else None
