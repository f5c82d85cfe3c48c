"""Golden-vector checks of exposures, flips, levels and forced flows of whole chains."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from analytics.calculators import (
    aggregates,
    dealer_flow,
    flip,
    forced_flow,
    hedging,
    inventory,
    levels,
    pricing,
    tally,
)
from analytics.calculators.inventory import Inventory
from analytics.calculators.levels import Strikes
from analytics.calculators.pricing import Priced
from quanticity.config.loader import section
from quanticity.domain.calendar import Settlement
from quanticity.domain.options import Expiry
from quanticity.domain.readings import Unavailable
from quanticity.golden import Case, Check

_SOMEDAY = date(2025, 11, 21)
_SOMETIME = datetime(2025, 11, 21, 15, tzinfo=UTC)
_SHARES = ("hedge_shares_per_1pct", "hedge_gamma_shares_per_1pct", "hedge_vanna_shares_per_1pct")
_FLIPS = {"spot_price": "flip", "elasticity_gamma": "elasticity", "elasticity_total": "elasticity"}


def chain(case: Case) -> dict[str, Any]:
    """Exposures, flips, levels and elasticities of one chain of known volatilities."""
    given = case.given
    held = _inventory(given)
    p, settings = held.priced, section("analytics.levels", levels.Settings)
    sums = tally.compute(held)
    strikes = aggregates.by_strike(sums)
    near = aggregates.near_strikes(held, p.column("dte_sess") <= settings.pin_sessions)
    found = flip.compute(held, section("analytics.flip", flip.Settings))
    call, put, net = aggregates.oi_delta(held)
    names = [e["name"] for e in given["expiries"]]
    hedge = hedging.compute(
        p,
        _filter(given),
        beta_volpts_per_1pct=given["vol_beta_volpts_per_1pct"],
        adv_usd=given["adv_usd"],
    )
    return {
        "gex_usd_per_1pct": sums.total(tally.GEX),
        "dex_usd": sums.total(tally.DEX),
        "vex_usd_per_volpt": sums.total(tally.VEX),
        "cex_usd_per_day": sums.total(tally.CEX),
        "charm_to_close_usd": dealer_flow.charm_to_close_usd(held, given["t_close_s"]),
        "call_oi_delta_usd": call,
        "put_oi_delta_usd": put,
        "net_oi_delta_usd": net,
        "gex_by_strike": [
            dataclasses.asdict(s) for s in aggregates.listed(strikes, p.spot, len(strikes.strike))
        ],
        "by_expiry": [
            {"name": names[(e.expiry_date - _SOMEDAY).days], **dataclasses.asdict(e)}
            for e in aggregates.by_expiry(held, sums)
        ],
        "flips": [dataclasses.asdict(c) for c in found.flips],
        "flip": found.flip,
        "flip_reason": found.flip_reason,
        "call_wall": levels.call_wall(strikes, p.spot),
        "put_wall": levels.put_wall(strikes, p.spot),
        "key_strike": levels.key_strike(strikes, p.spot),
        "pin_strike": levels.pin_strike(near, p.spot, settings),
        "max_pain": {
            name: levels.max_pain(p, p.expiry_idx == index) for index, name in enumerate(names)
        },
        "cumulative_by_strike_sign_changes": levels.cumulative_sign_changes(strikes),
        **({} if isinstance(hedge, Unavailable) else dataclasses.asdict(hedge)),
    }


def ties(case: Case) -> dict[str, float | None]:
    """How equals are told apart."""
    given, what = case.given, case.raw["what"]
    if what == "max_pain":
        right = np.array([1.0 if c["right"] == "C" else -1.0 for c in given["contracts"]])
        strike = np.array([float(c["K"]) for c in given["contracts"]])
        interest = np.array([float(c["oi"]) for c in given["contracts"]])
        held = interest > 0
        return {what: levels.least_paid(right[held], strike[held], interest[held])}
    table = next(value for key, value in given.items() if key.endswith("by_strike"))
    strike = np.array(sorted(float(k) for k in table))
    size = np.array([table[k] for k in sorted(table, key=float)])
    strikes = Strikes(strike, size, size)
    chosen = {
        "key_strike": levels.key_strike,
        "call_wall": levels.call_wall,
        "put_wall": levels.put_wall,
    }
    return {what: chosen[what](strikes, given["spot"])}


def forced(case: Case) -> dict[str, Any]:
    """One scenario on one of the chains of chains.json."""
    given = case.given
    chains = {c["id"]: c["in"] for c in case.sibling("chains")["cases"]}
    scenario = forced_flow.Scenario(given["dS_pct"], given["dsigma_volpts"], given["dt_s"])
    settings = section("analytics.forced_flow", forced_flow.Settings)
    return dataclasses.asdict(
        forced_flow.cell(_inventory(chains[given["chain"]]), scenario, settings)
    )


def _filter(given: dict[str, Any]) -> inventory.Settings:
    usual: inventory.Settings = section("analytics.inventory", inventory.Settings)
    return dataclasses.replace(
        usual,
        min_open_interest=given["min_open_interest"],
        max_expiry_days=given["max_expiry_days"],
    )


def _inventory(given: dict[str, Any]) -> Inventory:
    return inventory.compute(_priced(given), _filter(given))


def _priced(given: dict[str, Any]) -> Priced:
    names = [e["name"] for e in given["expiries"]]
    contracts = given["contracts"]
    expiries = tuple(_expiry(index, e) for index, e in enumerate(given["expiries"]))
    return pricing.from_columns(
        spot=float(given["S"]),
        multiplier=given["multiplier"],
        expiries=expiries,
        right=np.array([1.0 if c["right"] == "C" else -1.0 for c in contracts]),
        strike=np.array([float(c["K"]) for c in contracts]),
        open_interest=np.array([float(c["oi"]) for c in contracts]),
        expiry_idx=np.array([names.index(c["expiry"]) for c in contracts]),
        sigma=np.array([c["sigma"] for c in contracts]),
        r=np.full(len(contracts), given["r"]),
        q=np.full(len(contracts), given["q"]),
    )


def _expiry(index: int, given: dict[str, Any]) -> Expiry:
    # Only t_s and the day counts matter here; the dates just keep the expiries apart.
    day = date.fromordinal(_SOMEDAY.toordinal() + index)
    return Expiry(
        day,
        "TOY",
        Settlement.PM_PHYSICAL,
        _SOMETIME,
        float(given["t_s"]),
        given["dte_sess"],
        given["dte_cal"],
    )


def _chain_unit(name: str) -> str:
    return "usd" if "usd" in name or name in _SHARES else _FLIPS.get(name, name)


def _flow_unit(name: str) -> str:
    return "usd" if name.endswith("_usd") else "shares"


CHECKS: dict[str, Check] = {
    "chains/cases": Check(chain, unit=_chain_unit),
    "chains/tie_cases": Check(ties),
    "forced_flow/cases": Check(forced, unit=_flow_unit),
}
