"""Every field that has a unit says it, and which way is plus."""

from dataclasses import make_dataclass

import pytest

from analytics.calculators import dealer_flow, exposure, forced_flow, hedging, skew
from quanticity.domain import units


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gex_usd_per_1pct", "USD per +1 % of spot; + dealers long"),
        ("vex_usd_per_volpt", "USD per +1 volatility point; + dealers long"),
        ("cex_usd_per_day", "USD per calendar day; + dealers long"),
        ("charm_to_close_usd", "USD; + dealers long"),
        ("charm_flow_to_close_usd", "USD; + dealers buy"),
        ("hedge_shares_per_1pct", "shares per +1 % of spot; + dealers buy"),
        ("elasticity_total", "days of volume per +1 % of spot; + dealers buy"),
        ("rr25_volpts", "volatility points of 0.01; call less put"),
        ("flip", "USD per share"),
        ("flip_distance_pct", "percent"),
        ("pin_strike", "listed strike, USD per share"),
        ("vpin_cdf", "rank in [0, 1]"),
    ],
)
def test_a_name_says_unit_and_sign(name: str, said: str) -> None:
    assert units.of(make_dataclass("Answer", [(name, float)])) == {name: said}


@pytest.mark.parametrize(
    "name", ["regime", "p_spot_above_flip", "by_bucket", "gex_by_strike", "sides", "state"]
)
def test_what_is_no_measure_has_no_unit(name: str) -> None:
    assert units.of(make_dataclass("Answer", [(name, float)])) == {}


@pytest.mark.parametrize(
    "kind",
    [
        exposure.Exposure, exposure.DeltaExposure, dealer_flow.Vanna, dealer_flow.Charm, hedging.Hedging,
        skew.Skew, forced_flow.ForcedFlow,
    ],
    ids=lambda kind: kind.name,
)  # fmt: skip
def test_every_dollar_of_an_exposure_has_a_unit(kind: type) -> None:
    found = units.of(kind)
    dollars = {name for name in kind.__slots__ if "usd" in name.split("_")}

    assert found
    assert dollars <= set(found)


def test_rows_inside_a_reading_have_theirs_too() -> None:
    assert units.of(forced_flow.ForcedFlow)["flow_usd"] == "USD; + dealers buy"
