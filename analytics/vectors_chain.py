"""Golden-vector checks of option arithmetic and chain analytics (see quanticity.golden)."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from analytics.calculators import (
    american,
    black_scholes,
    dealer_flow,
    exposure,
    flip,
    forced_flow,
    hedging,
    implied_vol,
    inventory,
    levels,
    pricing,
    skew,
    variance,
)
from analytics.calculators.inventory import Inventory
from analytics.calculators.levels import Strikes
from analytics.calculators.pricing import Priced
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain.calendar import SECONDS_PER_YEAR, Settlement
from quanticity.domain.options import Expiry, IvStatus
from quanticity.domain.readings import Unavailable
from quanticity.golden import Case, Check, Tolerance

_SOMEDAY = date(2025, 11, 21)
_SOMETIME = datetime(2025, 11, 21, 15, tzinfo=UTC)
_USD = frozenset(
    "gex_usd_per_1pct dex_usd vex_usd_per_volpt cex_usd_per_day charm_to_close_usd "
    "call_oi_delta_usd put_oi_delta_usd net_oi_delta_usd net_usd_per_1pct call_usd_per_1pct "
    "put_usd_per_1pct hedge_shares_per_1pct hedge_gamma_shares_per_1pct "
    "hedge_vanna_shares_per_1pct".split()
)


def greeks(case: Case) -> dict[str, float]:
    """Every Greek of one contract, and its one-day decays."""
    given = case.given
    contract = _contract(given, black_scholes.years(given["t_s"]))
    found = {
        f.name: float(getattr(black_scholes.greeks(*contract), f.name))
        for f in dataclasses.fields(black_scholes.Greeks)
    }
    found["charm_decay_1d"] = float(black_scholes.charm_decay(*contract))
    found["theta_decay_1d"] = float(black_scholes.theta_decay(*contract))
    return found


def american_option(case: Case) -> dict[str, float]:
    """One contract on the tree."""
    given = case.given
    settings = section("analytics.american", american.Settings)
    found = american.compute(*_contract(given, given["t_days"] / 365), settings)
    return dataclasses.asdict(found)


def implied(case: Case) -> dict[str, Any]:
    """One price solved, and how well the answer prices back."""
    given = case.given
    contracts = _solvable(given)
    solved = implied_vol.compute(given["price"], contracts)
    sigma = float(solved.sigma[0])
    status = IvStatus(int(solved.status[0]))
    if status is not IvStatus.OK:
        return {"status": status.name, "iv": None}
    again = black_scholes.price(
        contracts.right,
        contracts.spot,
        contracts.strike,
        contracts.t,
        sigma,
        contracts.r,
        contracts.q,
    )
    error = abs(float(again[0]) - given["price"])
    limit = case.want["reprice_tol_abs"]
    return {
        "status": status.name,
        "iv": sigma,
        "tol_abs": case.want["tol_abs"],
        # The case asks for a bound, not for a value: meeting it answers with the bound itself.
        "reprice_tol_abs": limit if error <= limit else error,
    }


def quoted(case: Case) -> dict[str, Any]:
    """Status and interval of one quote."""
    given = case.given
    limits = section("analytics.admission", admission.Settings)
    bid, ask = ((np.nan if p is None else p) for p in (given["bid"], given["ask"]))
    width = ask - bid
    wide = width > limits.wide_usd and width > limits.wide_ratio * (ask + bid) / 2
    found = implied_vol.of_quotes(
        [bid], [ask], _solvable(given), stale=given["age_s"] > limits.stale_s, wide=wide
    )
    return {
        "status": IvStatus(int(found.status[0])).name,
        **{
            name: _or_none(float(getattr(found, name)[0]))
            for name in ("iv_bid", "iv_mid", "iv_ask")
        },
    }


def chain(case: Case) -> dict[str, Any]:
    """Exposures, flips, levels and elasticities of one chain of known volatilities."""
    given = case.given
    held = _inventory(given)
    p, settings = held.priced, section("analytics.levels", levels.Settings)
    strikes = exposure.by_strike(held)
    near = exposure.by_strike(held, p.column("dte_sess") <= settings.pin_sessions)
    found = flip.compute(held, section("analytics.flip", flip.Settings))
    call, put, net = exposure.oi_delta(held)
    names = [e["name"] for e in given["expiries"]]
    hedge = hedging.compute(
        p,
        _filter(given),
        beta_volpts_per_1pct=given["vol_beta_volpts_per_1pct"],
        adv_usd=given["adv_usd"],
    )
    return {
        "gex_usd_per_1pct": held.total(exposure.gamma_column(p)),
        "dex_usd": held.total(p.greeks.delta * p.spot),
        "vex_usd_per_volpt": held.total(p.greeks.vanna_per_volpt * p.spot),
        "cex_usd_per_day": held.total(p.charm_per_day * p.spot),
        "charm_to_close_usd": dealer_flow.charm_to_close_usd(held, given["t_close_s"]),
        "call_oi_delta_usd": call,
        "put_oi_delta_usd": put,
        "net_oi_delta_usd": net,
        "gex_by_strike": [
            dataclasses.asdict(s) for s in exposure.listed(strikes, p.spot, len(strikes.strike))
        ],
        "by_expiry": [
            {"name": names[(e.expiry_date - _SOMEDAY).days], **dataclasses.asdict(e)}
            for e in exposure.by_expiry(held)
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


def skewed(case: Case) -> dict[str, Any]:
    """Risk reversal, butterfly and slope of one smile."""
    given, quotes = case.given, case.given["otm_quotes"]
    t = given["t_s"] / SECONDS_PER_YEAR
    iv = np.array([quote["iv"] for quote in quotes])
    spread = np.array([quote["iv_spread"] for quote in quotes])
    found = skew.compute(
        skew.Smile(
            expiry_date=_SOMEDAY,
            spot=given["S"],
            forward=given["S"] * float(np.exp((given["r"] - given["q"]) * t)),
            t_s=given["t_s"],
            r=given["r"],
            q=given["q"],
            right=np.array([1.0 if quote["right"] == "C" else -1.0 for quote in quotes]),
            strike=np.array([float(quote["K"]) for quote in quotes]),
            iv=iv,
            iv_bid=iv - spread / 2,
            iv_ask=iv + spread / 2,
        ),
        section("analytics.skew", skew.Settings),
    )
    return dataclasses.asdict(found)


def term_variance(case: Case) -> dict[str, Any]:
    """One strip."""
    found = _variance(case.given)
    return dataclasses.asdict(found)


def combined_variance(case: Case) -> dict[str, Any]:
    """Two strips: the thirty-day index, or today's share and tomorrow's."""
    given = case.given
    strips = {c["id"]: c["in"] for c in case.document["cases"]}
    near, later = _variance(strips[given["near"]]), _variance(strips[given["next"]])
    if isinstance(near, Unavailable) or isinstance(later, Unavailable):
        return {}
    if case.raw["what"] == "vix_30d":
        return {"vix": variance.thirty_day_index(near, later)}
    split = variance.day_split(
        near,
        later,
        rth_left_s=given["rth_seconds_left"],
        next_rth_s=given["next_session_rth_s"],
    )
    found = dataclasses.asdict(split)
    return {**found, "r_day_pct": found["r_day"], "r_next_pct": found["r_next"]}


def pivots(case: Case) -> dict[str, float]:
    """Floor pivots."""
    return dataclasses.asdict(levels.pivots(**case.given))


def vwap(case: Case) -> dict[str, Any]:
    """Volume-weighted price of bars."""
    value = levels.vwap((bar["wap"], bar["volume"]) for bar in case.given["bars"])
    return {"vwap": value, "reason": "NO_DATA" if value is None else None}


def expected_move(case: Case) -> dict[str, float]:
    """Straddle and one standard deviation."""
    given = case.given
    return dataclasses.asdict(
        levels.expected_move(
            given["forward"],
            given["atm_iv"],
            given["t_s"] / SECONDS_PER_YEAR,
            given["call_mid"],
            given["put_mid"],
        )
    )


def pin(case: Case) -> dict[str, float]:
    """How near the pin is, and which way it lies."""
    spot, strike = case.given["spot"], case.given["pin_strike"]
    settings = section("analytics.levels", levels.Settings)
    return {
        "pin_proximity": levels.pin_proximity(spot, strike, settings),
        "pin_pull": levels.pin_pull(spot, strike),
    }


def _contract(given: dict[str, Any], t: Any) -> tuple[Any, ...]:
    right = 1 if given["right"] == "C" else -1
    return right, given["S"], given["K"], t, given["sigma"], given["r"], given["q"]


def _solvable(given: dict[str, Any]) -> implied_vol.Contracts:
    return implied_vol.Contracts.of(
        1 if given["right"] == "C" else -1,
        given["S"],
        given["K"],
        given["t_s"] / SECONDS_PER_YEAR,
        given["r"],
        given["q"],
    )


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _filter(given: dict[str, Any]) -> inventory.Settings:
    return dataclasses.replace(
        section("analytics.inventory", inventory.Settings),
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


def _variance(given: dict[str, Any]) -> variance.TermVariance | Unavailable:
    strip = given["strip"]
    quotes = {
        f"{side}_{name}": np.array([row[side][place] for row in strip], dtype=float)
        for side in ("call", "put")
        for place, name in enumerate(("bid", "ask"))
    }
    return variance.compute(
        variance.Strip(
            t_s=given["t_s"],
            r=given["r"],
            strike=np.array([float(row["K"]) for row in strip]),
            **quotes,
        ),
        section("analytics.variance", variance.Settings),
    )


def _iv_tolerance(case: Case, path: str) -> Tolerance:
    if path == "iv":
        return Tolerance(abs=case.want["tol_abs"])
    return Tolerance(abs=1e-8) if path in ("iv_bid", "iv_mid", "iv_ask") else Tolerance()


def _chain_unit(name: str) -> str:
    if name in _USD:
        return "usd"
    return {"spot_price": "flip", "elasticity_gamma": "elasticity"}.get(
        name, "elasticity" if name == "elasticity_total" else name
    )


def _flow_unit(name: str) -> str:
    return "usd" if name.endswith("_usd") else "shares"


CHECKS: dict[str, Check] = {
    "greeks/cases": Check(greeks),
    "american/cases": Check(
        american_option, unit=lambda name: name.replace("european_price", "price")
    ),
    "iv/cases": Check(implied, tolerance=_iv_tolerance),
    "iv/quote_cases": Check(quoted, tolerance=_iv_tolerance),
    "chains/cases": Check(chain, unit=_chain_unit),
    "chains/tie_cases": Check(ties),
    "forced_flow/cases": Check(forced, unit=_flow_unit),
    "skew/cases": Check(skewed),
    "variance/cases": Check(term_variance),
    "variance/combination_cases": Check(combined_variance),
    "levels/pivot_cases": Check(pivots),
    "levels/vwap_cases": Check(vwap),
    "levels/expected_move_cases": Check(expected_move),
    "levels/pin_cases": Check(pin),
}
