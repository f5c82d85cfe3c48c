"""MOC, one row per veto, direction, strength and adjuster (DOMAIN 5.7)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.strategies import moc
from quanticity.config.loader import section
from quanticity.domain.signals import Decision, Features, Outcome

SETTINGS = section("analytics.strategies.moc", moc.Settings)
AT = datetime(2025, 11, 21, 20, 48, tzinfo=UTC)
CLOSING: dict[str, Any] = {
    "price": 600.0, "age_s": 2.0, "blind_300s_s": 0.0, "chain_quality": "OK", "chain_delayed": False,
    "moc_imbalance_frac": 0.12, "moc_ratio": 0.85, "indicative_offset_bps": 30.0, "obi_l5": 0.5,
    "ret_5b_pct": 0.2, "pin_dist_pct": 0.3, "pin_pull": 1, "pin_proximity": 0.85, "gex_conc_1pct": 0.6,
    "gex_frac": 0.03, "vol_spike_ratio": 1.8, "is_rebalance_day": True, "weekday": 4, "minutes_to_close": 12.0,
}  # fmt: skip


def decide(**changed: Any) -> Decision:
    return moc.evaluate(Features("SPY", AT, CLOSING | changed), SETTINGS)


def test_a_clear_imbalance_is_a_candidate() -> None:
    assert (decide().outcome, decide().direction) == (Outcome.CANDIDATE, 1)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"moc_imbalance_frac": -0.039}, "SMALL_IMBALANCE", id="too small"),
        pytest.param({"moc_ratio": 0.59}, "LOW_RATIO", id="mostly paired"),
    ],
)
def test_a_veto_is_named(changed: dict[str, Any], code: str) -> None:
    assert decide(**changed).vetoes == (code,)


@pytest.mark.parametrize("name", moc.REQUIRED)
def test_a_missing_required_feature_abstains(name: str) -> None:
    assert decide(**{name: None}).vetoes == ("MISSING_REQUIRED",)


@pytest.mark.parametrize(
    ("changed", "direction"),
    [
        pytest.param({}, 1, id="all with the imbalance"),
        pytest.param({"ret_5b_pct": -0.2, "obi_l5": 0.1}, 1, id="even"),
        pytest.param({"ret_5b_pct": -0.2, "obi_l5": -0.5}, 1, id="one more against is borne"),
        pytest.param({"ret_5b_pct": -0.2, "obi_l5": -0.5, "pin_pull": -1}, 0, id="clearly against"),
        pytest.param(
            {"moc_imbalance_frac": -0.12, "ret_5b_pct": -0.2, "pin_pull": -1},
            -1,
            id="a sell imbalance",
        ),
    ],
)
def test_the_imbalance_leads_unless_the_tape_is_against(
    changed: dict[str, Any], direction: int
) -> None:
    assert decide(**changed).direction == direction


@pytest.mark.parametrize(
    ("changed", "name", "s"),
    [
        pytest.param(
            {"moc_imbalance_frac": 0.055, "moc_ratio": 0.7},
            "imbalance",
            0.6 * 0.5 + 0.4 / 3,
            id="half the size",
        ),
        pytest.param(
            {"moc_imbalance_frac": 0.055, "moc_ratio": 0.75},
            "imbalance",
            1.2 * 0.5,
            id="mostly unpaired",
        ),
        pytest.param({"pin_dist_pct": 0.04}, "gamma", 0.0, id="at the pin"),
        pytest.param({"pin_dist_pct": 0.51}, "gamma", 0.0, id="far from the pin"),
        pytest.param({"pin_dist_pct": None}, "gamma", None, id="no pin"),
        pytest.param({"gex_conc_1pct": 0.25}, "gamma", 0.5, id="spread-out gamma"),
        pytest.param(
            {"gex_conc_1pct": 0.25, "indicative_offset_bps": -30.0},
            "gamma",
            0.35,
            id="indicative against the pin",
        ),
        pytest.param({"gex_conc_1pct": 0.25, "minutes_to_close": 10.0}, "gamma", 0.7, id="late"),
        pytest.param({"indicative_offset_bps": 9.9}, "indicative", 0.0, id="hardly off"),
        pytest.param({"indicative_offset_bps": None}, "indicative", None, id="no indicative price"),
        pytest.param({"minutes_to_close": 16.0}, "time", 0.5, id="early"),
        pytest.param({"minutes_to_close": 21.0}, "time", 0.0, id="too early"),
        pytest.param({"vol_spike_ratio": None}, "volume", None, id="no volume"),
        pytest.param({"is_rebalance_day": False}, "calendar", 0.5, id="a plain Friday"),
        pytest.param(
            {"is_rebalance_day": False, "weekday": 3}, "calendar", 0.0, id="a plain Thursday"
        ),
    ],
)
def test_one_strength(changed: dict[str, Any], name: str, s: float | None) -> None:
    found = {part.name: part.s for part in decide(**changed).components}

    assert found[name] == pytest.approx(s)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, {"time": 1.0}, id="the best time"),
        pytest.param({"minutes_to_close": 18.0}, {"time": 0.8}, id="early"),
        pytest.param(
            {"minutes_to_close": 7.0}, {"time": 1.0, "late_pin": 1.15}, id="late at the pin"
        ),
        pytest.param({"minutes_to_close": None}, {}, id="no session"),
    ],
)
def test_adjusters(changed: dict[str, Any], expected: dict[str, float]) -> None:
    assert decide(**changed).adjusters == pytest.approx(expected)


@given(st.sets(st.sampled_from(sorted(CLOSING))))
def test_missing_features_never_raise(missing: set[str]) -> None:
    decision = decide(**dict.fromkeys(missing))

    assert set(moc.REQUIRED).isdisjoint(missing) or decision.outcome is Outcome.VETO
