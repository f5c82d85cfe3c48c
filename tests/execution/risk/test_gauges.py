"""Gauges: each measure beside its limit, and how much of it is used up."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from execution.risk import breakers, gauges
from quanticity.config.loader import section
from tests.execution.risk.test_breakers import CALM

SETTINGS = section("execution.breakers", breakers.Settings)


def gauge(name: str, **changes: Any) -> gauges.Gauge:
    return next(g for g in gauges.read(replace(CALM, **changes), SETTINGS) if g.name == name)


@pytest.mark.parametrize(
    ("name", "changes", "used"),
    [
        pytest.param("Day's loss", {"day_pnl_usd": Decimal(-1_000)}, 0.5, id="half the loss"),
        pytest.param("Day's loss", {"day_pnl_usd": Decimal(1_000)}, 0.0, id="a gain uses nothing"),
        pytest.param("Day's loss", {"day_pnl_usd": None}, None, id="unknown is no zero"),
        pytest.param("Drawdown", {"drawdown_frac": Decimal("0.05")}, 0.5, id="drawdown"),
        pytest.param("Worst stress", {"worst_stress_frac": Decimal("0.16")}, 2.0, id="beyond"),
        pytest.param("Losses of a strategy in a row", {"loss_streaks": {"A": 1, "B": 3}}, 1.0, id="the longest"),
    ],
)  # fmt: skip
def test_a_gauge_says_how_much_of_its_limit_is_used(
    name: str, changes: dict[str, Any], used: float | None
) -> None:
    assert gauge(name, **changes).used_frac == used
