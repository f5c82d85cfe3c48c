"""Golden-vector checks of option arithmetic: Greeks, tree, volatility, skew, variance, levels."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import numpy as np

from analytics.calculators import (
    american,
    black_scholes,
    implied_vol,
    levels,
    skew,
    smile_fit,
    variance,
)
from analytics.calculators.smile_fit import QuotedSmile
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain.calendar import SECONDS_PER_YEAR
from quanticity.domain.options import IvStatus
from quanticity.domain.readings import Unavailable
from quanticity.golden import Case, Check, Tolerance

_SOMEDAY = date(2025, 11, 21)


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
    found = american.compute(*_contract(given, given["t_days"] / 365), settings=settings)
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
        "reprice_tol_abs": max(limit, error),
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


def skewed(case: Case) -> dict[str, Any]:
    """Risk reversal, butterfly and slope of one smile."""
    given, quotes = case.given, case.given["otm_quotes"]
    t = given["t_s"] / SECONDS_PER_YEAR
    iv = np.array([quote["iv"] for quote in quotes])
    spread = np.array([quote["iv_spread"] for quote in quotes])
    found = skew.compute(
        QuotedSmile(
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
        section("analytics.skew", smile_fit.Settings),
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


CHECKS: dict[str, Check] = {
    "greeks/cases": Check(greeks),
    "american/cases": Check(
        american_option, unit=lambda name: name.replace("european_price", "price")
    ),
    "iv/cases": Check(implied, tolerance=_iv_tolerance),
    "iv/quote_cases": Check(quoted, tolerance=_iv_tolerance),
    "skew/cases": Check(skewed),
    "variance/cases": Check(term_variance),
    "variance/combination_cases": Check(combined_variance),
    "levels/pivot_cases": Check(pivots),
    "levels/vwap_cases": Check(vwap),
    "levels/expected_move_cases": Check(expected_move),
    "levels/pin_cases": Check(pin),
}
