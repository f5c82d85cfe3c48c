"""Answers of this stage to the golden vectors: performance (DOMAIN 10.2, 13)."""

import dataclasses
from typing import Any

from quanticity.config.loader import section
from quanticity.domain.proportions import wilson
from quanticity.golden import Case, Check
from reporting.measures import performance, trades


def _daily(case: Case) -> dict[str, Any]:
    given = case.given
    found = performance.compute(
        given["daily_returns"],
        _settings(),
        rf_per_day=given["rf_per_day"],
        trials=performance.Trials(given["trials"], given["trials_sr_variance"]),
    )
    return dataclasses.asdict(found)


def _wilson(case: Case) -> dict[str, Any]:
    given = case.given
    return dataclasses.asdict(wilson(given["wins"], given["n"], _settings().confidence))


def _trades(case: Case) -> dict[str, Any]:
    return dataclasses.asdict(trades.compute(case.given["net_pnl_usd"], _settings()))


def _settings() -> performance.Settings:
    own: performance.Settings = section("reporting.performance", performance.Settings)
    return own


CHECKS: dict[str, Check] = {
    "performance/cases": Check(_daily),
    "performance/wilson_cases": Check(_wilson),
    "performance/trade_cases": Check(_trades),
}
