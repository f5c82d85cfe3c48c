"""1DTE, one row per vote, strength and adjuster (DOMAIN 5.5)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.strategies import one_dte
from quanticity.config.loader import section
from quanticity.domain.signals import Decision, Features, Outcome

SETTINGS = section("analytics.strategies.one_dte", one_dte.Settings)
AT = datetime(2025, 11, 20, 20, 40, tzinfo=UTC)
TREND: dict[str, Any] = {
    "price": 600.0, "age_s": 2.0, "blind_300s_s": 0.0, "chain_quality": "OK", "chain_delayed": False,
    "ret_2b_pct": 0.2, "ret_10b_pct": 0.5, "ret_14b_pct": 0.7, "dist_to_14b_high_pct": 0.1,
    "dist_to_14b_low_pct": 0.9, "vpin_cdf": 0.8, "obi_l5": 0.6, "net_oi_delta_z": 1.2, "toxicity": 0.7,
    "toxicity_lean": 0.4, "gex_z": -1.5, "gex_usd_per_1pct": -1e9, "realised_regime": "HIGH",
    "range_expansion": 1.7, "vol_regime": "ELEVATED", "elasticity_total": 0.01, "weekday": 3,
    "minutes_to_close": 20.0,
}  # fmt: skip


def decide(**changed: Any) -> Decision:
    return one_dte.evaluate(Features("SPY", AT, TREND | changed), SETTINGS)


def test_a_late_trend_is_a_candidate() -> None:
    assert (decide().outcome, decide().direction) == (Outcome.CANDIDATE, 1)


@pytest.mark.parametrize("name", one_dte.REQUIRED)
def test_a_missing_required_feature_abstains(name: str) -> None:
    assert decide(**{name: None}).vetoes == ("MISSING_REQUIRED",)


@pytest.mark.parametrize(
    ("changed", "name", "vote"),
    [
        pytest.param({}, "trend", 4, id="a trend that goes on"),
        pytest.param({"ret_2b_pct": -0.1}, "trend", 3, id="a trend that rests"),
        pytest.param({"ret_10b_pct": 0.29}, "trend", 0, id="no trend"),
        pytest.param({}, "range_edge", 2, id="at the high"),
        pytest.param(
            {"dist_to_14b_high_pct": 0.9, "dist_to_14b_low_pct": 0.2},
            "range_edge",
            -2,
            id="at the low",
        ),
        pytest.param({"dist_to_14b_low_pct": 0.2}, "range_edge", 0, id="a range without edges"),
        pytest.param({"vpin_cdf": 0.6}, "pressure", 1, id="pressure in balanced volume"),
        pytest.param({"obi_l5": -0.2}, "pressure", -3, id="pressure down"),
        pytest.param({"minutes_to_close": 30.1}, "late_obi", 0, id="not late"),
        pytest.param({"net_oi_delta_z": -1.0}, "oi_delta", -1, id="open interest against"),
        pytest.param({"toxicity_lean": -0.1}, "late_toxicity", -2, id="toxic sellers"),
        pytest.param({"toxicity": None}, "late_toxicity", 0, id="toxicity missing"),
    ],
)
def test_one_vote(changed: dict[str, Any], name: str, vote: int) -> None:
    assert decide(**changed).votes[name] == vote


@pytest.mark.parametrize(
    ("changed", "name", "s"),
    [
        pytest.param({"vol_regime": "SHOCK"}, "vol_regime", 1.0, id="shock"),
        pytest.param({"vol_regime": "NORMAL"}, "vol_regime", 0.0, id="normal"),
        pytest.param({"vol_regime": None}, "vol_regime", None, id="regime missing"),
        pytest.param({"range_expansion": 1.5}, "realised", 0.8, id="high and not expanding"),
        pytest.param({"range_expansion": None}, "realised", None, id="expansion missing"),
        pytest.param({"realised_regime": "LOW"}, "realised", 0.5, id="low"),
        pytest.param({"minutes_to_close": 60.1}, "obi", 0.0, id="book too early"),
        pytest.param({"gex_z": 0.49}, "gex", 0.0, id="usual gamma"),
        pytest.param({"gex_usd_per_1pct": 1e9}, "gex", 0.525, id="long gamma counts less"),
        pytest.param(
            {"vpin_cdf": 0.5, "minutes_to_close": 40.0}, "vpin", 0.15 / 0.35, id="VPIN early"
        ),
        pytest.param({"vpin_cdf": 0.5}, "vpin", 1.3 * 0.15 / 0.35, id="VPIN late"),
        pytest.param({"ret_2b_pct": 0.09}, "momentum", 1 / 3, id="size without speed"),
        pytest.param({"ret_14b_pct": None}, "momentum", None, id="momentum missing"),
    ],
)
def test_one_strength(changed: dict[str, Any], name: str, s: float | None) -> None:
    found = {part.name: part.s for part in decide(**changed).components}

    assert found[name] == pytest.approx(s)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, {}, id="a strong Thursday"),
        pytest.param({"weekday": 0}, {"monday": 1.1}, id="Monday"),
        pytest.param({"weekday": 4}, {}, id="a strong Friday"),
        pytest.param(
            {"weekday": 4, "gex_z": 0.0, "vol_regime": "NORMAL", "realised_regime": "NORMAL"},
            {"friday": 0.85},
            id="a weak Friday",
        ),
        pytest.param({"elasticity_total": -0.02}, {"hedge_damping": 0.85}, id="dealers damp"),
    ],
)
def test_adjusters(changed: dict[str, Any], expected: dict[str, float]) -> None:
    assert decide(**changed).adjusters == expected


@given(st.sets(st.sampled_from(sorted(TREND))))
def test_missing_features_never_raise(missing: set[str]) -> None:
    decision = decide(**dict.fromkeys(missing))

    assert set(one_dte.REQUIRED).isdisjoint(missing) or decision.outcome is Outcome.VETO
