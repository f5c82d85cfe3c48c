"""Forced flow: what dealers must trade if spot, time and volatility move together (DOMAIN 3.5).

    flow(x, dt, dv) = -[Delta_book(S(1+x), T-dt, sigma+dv) - Delta_book(S, T, sigma)]

in shares, by full reprice; + means dealers buy. Gamma, vanna and charm attribute it to first
order; where the residual is large or the linear sum has the wrong sign, only the total counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from analytics.calculators import aggregates, black_scholes, inventory
from analytics.calculators.inventory import Inventory
from analytics.calculators.pricing import Priced
from quanticity.domain.calendar import SECONDS_PER_DAY, SECONDS_PER_YEAR
from quanticity.domain.readings import Reading, Unavailable


@dataclass(frozen=True, slots=True)
class Settings:
    """The grid of scenarios (percent of spot, vol points), and when only the total is believed."""

    spot_moves_pct: tuple[float, ...]
    vol_moves_volpts: tuple[float, ...]
    sigma_floor: float
    max_residual_ratio: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One joint move: percent of spot, volatility points, seconds that pass."""

    dS_pct: float  # noqa: N815 - the name of the wire field
    dsigma_volpts: float
    dt_s: float


@dataclass(frozen=True, slots=True)
class Cell:
    """What one scenario forces; + means dealers buy."""

    dS_pct: float  # noqa: N815 - the name of the wire field
    dsigma_volpts: float
    dt_s: float
    flow_shares: float
    flow_usd: float
    flow_frac_adv: float | None
    gamma_shares: float
    vanna_shares: float
    charm_shares: float
    residual_shares: float
    residual_ratio: float
    linear_sign_wrong: bool
    only_total: bool


@dataclass(frozen=True, slots=True)
class ForcedFlow(Reading):
    """The `forced_flow` payload: one cell per scenario of the grid."""

    name: ClassVar[str] = "forced_flow"

    cells: tuple[Cell, ...]
    coverage: float
    sign_model: str
    oi_basis: str
    exercise_model: str


def compute(
    priced: Priced,
    settings: Settings,
    inventory_settings: inventory.Settings,
    *,
    t_close_s: float,
    adv_usd: float | None = None,
) -> ForcedFlow | Unavailable:
    """Every scenario of the grid, now and at the close `t_close_s` away."""
    held = inventory.compute(priced, inventory_settings)
    missing = aggregates.unavailable("forced_flow", held, inventory_settings)
    if missing is not None:
        return missing
    cells = tuple(
        cell(held, scenario, settings, adv_usd) for scenario in _scenarios(settings, t_close_s)
    )
    return ForcedFlow(cells, held.coverage or 0.0, held.model.value, "settled", "european_bsm")


def cell(
    held: Inventory, scenario: Scenario, settings: Settings, adv_usd: float | None = None
) -> Cell:
    """Full reprice of one scenario, and its first-order attribution."""
    p = held.priced
    spot = p.spot * (1 + scenario.dS_pct / 100)
    shares = -(_book_delta(held, spot, scenario, settings) - held.total(p.greeks.delta))
    days = scenario.dt_s / SECONDS_PER_DAY
    gamma = -held.total(p.greeks.gamma) * (spot - p.spot)
    vanna = -held.total(p.greeks.vanna_per_volpt) * scenario.dsigma_volpts
    # The closed form even on the last day: attribution is to first order by definition.
    charm = -held.total(p.greeks.charm_per_day) * days
    linear = gamma + vanna + charm
    scale = max(abs(shares), abs(gamma) + abs(vanna) + abs(charm))
    ratio = abs(shares - linear) / scale if scale else 0.0
    wrong = shares * linear < 0
    return Cell(
        dS_pct=scenario.dS_pct,
        dsigma_volpts=scenario.dsigma_volpts,
        dt_s=scenario.dt_s,
        flow_shares=shares,
        flow_usd=shares * spot,
        flow_frac_adv=shares * spot / adv_usd if adv_usd else None,
        gamma_shares=gamma,
        vanna_shares=vanna,
        charm_shares=charm,
        residual_shares=shares - linear,
        residual_ratio=ratio,
        linear_sign_wrong=wrong,
        only_total=wrong or ratio > settings.max_residual_ratio,
    )


def _scenarios(settings: Settings, t_close_s: float) -> Iterator[Scenario]:
    for dt_s in (0.0, t_close_s):
        for dv in settings.vol_moves_volpts:
            for ds in settings.spot_moves_pct:
                yield Scenario(ds, dv, dt_s)


def _book_delta(held: Inventory, spot: float, scenario: Scenario, settings: Settings) -> float:
    p, rows = held.priced, np.flatnonzero(held.counted)
    delta = black_scholes.delta(
        p.right[rows],
        spot,
        p.strike[rows],
        np.maximum(p.t[rows] - scenario.dt_s / SECONDS_PER_YEAR, 0.0),
        np.maximum(p.sigma[rows] + 0.01 * scenario.dsigma_volpts, settings.sigma_floor),
        p.r[rows],
        p.q[rows],
    )
    return float(held.weight[rows] @ delta)
