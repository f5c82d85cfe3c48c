"""Vanna and charm: how dealer delta drifts with volatility and time (DOMAIN 3.4).

    VEX = sum s vanna_per_volpt OI M S    dollars of dealer delta per +1 vol point
    CEX = sum s charm_per_day OI M S      dollars per calendar day
    charm to close = sum s [Delta(T - t_close) - Delta(T)] OI M S, by full reprice

A flow has the opposite sign: + means dealers buy the underlying to stay hedged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import aggregates, black_scholes, inventory, tally
from analytics.calculators.inventory import Inventory
from analytics.calculators.pricing import Priced
from quanticity.domain.calendar import SECONDS_PER_YEAR
from quanticity.domain.readings import Reading, Unavailable

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vanna(Reading):
    """The `vanna` payload; flow is None while the change of volatility is unknown."""

    name: ClassVar[str] = "vanna"

    vex_usd_per_volpt: float
    vex_shares_per_volpt: float
    by_bucket: dict[str, float]
    by_expiry: dict[str, float]
    atm_iv_chg_30m_volpts: float | None
    vanna_flow_usd: float | None
    vanna_flow_frac: float | None
    coverage: float
    sign_model: str
    oi_basis: str
    exercise_model: str
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Charm(Reading):
    """The `charm` payload; `to_next_close` is True outside regular hours."""

    name: ClassVar[str] = "charm"

    cex_usd_per_day: float
    charm_to_close_usd: float
    charm_flow_to_close_usd: float
    charm_flow_frac: float | None
    to_next_close: bool
    by_bucket: dict[str, float]
    by_expiry: dict[str, float]
    coverage: float
    sign_model: str
    oi_basis: str
    exercise_model: str
    reasons: dict[str, str] = field(default_factory=dict)


def compute_vanna(
    priced: Priced,
    settings: inventory.Settings,
    *,
    adv_usd: float | None = None,
    atm_iv_chg_30m_volpts: float | None = None,
) -> Vanna | Unavailable:
    """Exposure to volatility, and the flow its change of the last half hour forced."""
    held = inventory.compute(priced, settings)
    missing = aggregates.unavailable("vanna", held, settings)
    if missing is not None:
        return missing
    sums = tally.compute(held)
    vex = sums.total(tally.VEX)
    flow = None if atm_iv_chg_30m_volpts is None else -vex * atm_iv_chg_30m_volpts
    return Vanna(
        vex_usd_per_volpt=vex,
        vex_shares_per_volpt=vex / priced.spot,
        by_bucket=aggregates.by_bucket(held, sums, tally.VEX),
        by_expiry={
            str(e.expiry_date): e.vex_usd_per_volpt for e in aggregates.by_expiry(held, sums)
        },
        atm_iv_chg_30m_volpts=atm_iv_chg_30m_volpts,
        vanna_flow_usd=flow,
        vanna_flow_frac=flow / adv_usd if flow is not None and adv_usd else None,
        coverage=held.coverage or 0.0,
        sign_model=held.model.value,
        oi_basis="settled",
        exercise_model="european_bsm",
        reasons=_vanna_reasons(atm_iv_chg_30m_volpts, adv_usd),
    )


def compute_charm(
    priced: Priced,
    settings: inventory.Settings,
    *,
    t_close_s: float,
    to_next_close: bool = False,
    adv_usd: float | None = None,
) -> Charm | Unavailable:
    """Exposure to time, and what it makes dealers trade by the close `t_close_s` away."""
    held = inventory.compute(priced, settings)
    missing = aggregates.unavailable("charm", held, settings)
    if missing is not None:
        return missing
    sums = tally.compute(held)
    to_close = charm_to_close_usd(held, t_close_s)
    return Charm(
        cex_usd_per_day=sums.total(tally.CEX),
        charm_to_close_usd=to_close,
        charm_flow_to_close_usd=-to_close,
        charm_flow_frac=-to_close / adv_usd if adv_usd else None,
        to_next_close=to_next_close,
        by_bucket=aggregates.by_bucket(held, sums, tally.CEX),
        by_expiry={str(e.expiry_date): e.cex_usd_per_day for e in aggregates.by_expiry(held, sums)},
        coverage=held.coverage or 0.0,
        sign_model=held.model.value,
        oi_basis="settled",
        exercise_model="european_bsm",
        reasons={} if adv_usd else {"charm_flow_frac": "NO_DATA"},
    )


def charm_to_close_usd(held: Inventory, t_close_s: float) -> float:
    """Change of dealer delta in dollars by the close, spot and volatility unchanged."""
    p, rows = held.priced, np.flatnonzero(held.counted)
    moved = black_scholes.charm_decay(
        p.right[rows],
        p.spot,
        p.strike[rows],
        p.t[rows],
        p.sigma[rows],
        p.r[rows],
        p.q[rows],
        passing=t_close_s / SECONDS_PER_YEAR,
    )
    return float(held.weight[rows] @ moved) * p.spot


def _vanna_reasons(change: float | None, adv_usd: float | None) -> dict[str, str]:
    reasons = {}
    if change is None:
        reasons = dict.fromkeys(("atm_iv_chg_30m_volpts", "vanna_flow_usd"), "NO_DATA")
    if change is None or not adv_usd:
        reasons["vanna_flow_frac"] = "NO_DATA"
    return reasons
