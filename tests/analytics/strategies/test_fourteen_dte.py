"""14DTE, one row per vote, strength, confirmation and adjuster (DOMAIN 5.6)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.strategies import fourteen_dte
from quanticity.config.loader import section
from quanticity.domain.signals import Decision, Features, Outcome

SETTINGS = section("analytics.strategies.fourteen_dte", fourteen_dte.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
UNUSUAL: dict[str, Any] = {
    "price": 200.0, "age_s": 20.0, "blind_300s_s": 0.0, "chain_quality": "OK", "chain_delayed": False,
    "ret_2b_pct": 0.2, "ret_5b_pct": 0.3, "ret_20b_pct": 0.6, "range_break": 1, "vol_spike_ratio": 3.5,
    "vpin_cdf": 0.3, "sweep_net": 0.9, "sweep_n_60s": 2, "hidden_score": 0.8, "hidden_side": 1,
    "unusual_score": 0.9, "unusual_dir": 1, "otm_premium_ratio": 2.0, "block_share": 0.5, "toxicity": 0.75,
    "net_oi_delta_z": 2.1, "vanna_flow_frac": 0.02, "vanna_flow_z": 1.5, "charm_flow_frac": 0.01,
    "charm_flow_z": 1.5, "flow_momentum_share": 0.6, "flow_momentum_dir": 0.5, "minutes_to_close": 200.0,
    "minutes_since_open": 190.0,
}  # fmt: skip
ALL = ("block", "charm", "hidden", "oi_delta", "sweep", "unusual", "vanna")


def decide(**changed: Any) -> Decision:
    return fourteen_dte.evaluate(Features("NVDA", AT, UNUSUAL | changed), SETTINGS)


def test_everything_in_agreement_is_a_candidate() -> None:
    decision = decide()

    assert (decision.outcome, decision.direction) == (Outcome.CANDIDATE, 1)
    assert decision.confirmations == ALL


@pytest.mark.parametrize("name", fourteen_dte.REQUIRED)
def test_a_missing_required_feature_abstains(name: str) -> None:
    assert decide(**{name: None}).vetoes == ("MISSING_REQUIRED",)


@pytest.mark.parametrize(
    ("changed", "name", "vote"),
    [
        pytest.param({}, "oi_delta", 3, id="strong open interest"),
        pytest.param({"net_oi_delta_z": -1.0}, "oi_delta", -2, id="weak open interest"),
        pytest.param({"otm_premium_ratio": 1.49}, "otm_premium", 0, id="balanced premium"),
        pytest.param({"otm_premium_ratio": 1 / 1.5}, "otm_premium", -2, id="put premium"),
        pytest.param({"otm_premium_ratio": 0.0}, "otm_premium", -2, id="only put premium"),
        pytest.param({"ret_5b_pct": -0.1}, "trend", 0, id="trend not confirmed"),
        pytest.param({"range_break": None}, "range_break", 0, id="no range"),
        pytest.param({"ret_2b_pct": 0.09}, "sweep", 0, id="sweep without a move"),
        pytest.param({"hidden_score": 0.39}, "hidden", 0, id="little hidden"),
    ],
)
def test_one_vote(changed: dict[str, Any], name: str, vote: int) -> None:
    assert decide(**changed).votes[name] == vote


@pytest.mark.parametrize(
    ("changed", "name", "s"),
    [
        pytest.param({"unusual_score": 0.49}, "unusual", 0.0, id="usual"),
        pytest.param({"unusual_score": 0.5}, "unusual", 0.8, id="unusual begins high"),
        pytest.param({"unusual_dir": 0}, "unusual", 0.0, id="unusual without direction"),
        pytest.param(
            {"unusual_score": 0.4, "unusual_dir": None}, "unusual", None, id="no print heard"
        ),
        pytest.param({"vol_spike_ratio": 2.5}, "sweep", 0.8, id="volume raised"),
        pytest.param({"vol_spike_ratio": None}, "sweep", 0.6, id="volume unknown counts as usual"),
        pytest.param({"vol_spike_ratio": 1.0, "sweep_net": 0.5}, "sweep", 0.5, id="mixed sweeps"),
        pytest.param({"hidden_score": 0.7}, "hidden", 0.8, id="hidden raised"),
        pytest.param({"hidden_side": 0}, "hidden", 0.0, id="hidden on both sides"),
        pytest.param({"vanna_flow_frac": 0.009}, "vanna", 0.0, id="little vanna"),
        pytest.param({"vanna_flow_z": None}, "vanna", None, id="vanna without history"),
        pytest.param({"vpin_cdf": 0.4}, "toxicity", 0.0, id="toxic in one-sided volume"),
        pytest.param({"vpin_cdf": 0.4, "toxicity": 0.81}, "toxicity", 0.6, id="very toxic"),
        pytest.param({"block_share": 0.39}, "block", 0.0, id="few blocks"),
    ],
)
def test_one_strength(changed: dict[str, Any], name: str, s: float | None) -> None:
    found = {part.name: part.s for part in decide(**changed).components}

    assert found[name] == pytest.approx(s)


VOTELESS = dict.fromkeys(
    (
        "otm_premium_ratio",
        "ret_20b_pct",
        "sweep_net",
        "hidden_score",
        "range_break",
        "net_oi_delta_z",
    )
)
FEW_POINTS: dict[str, Any] = {
    "vol_spike_ratio": 1.0, "hidden_score": 0.7, "vanna_flow_frac": 0.0, "charm_flow_frac": 0.0,
    "toxicity": 0.5, "block_share": 0.3, "flow_momentum_share": 0.2,
}  # fmt: skip
UNCONFIRMED = dict.fromkeys(("unusual_dir", "vanna_flow_z", "charm_flow_z", "block_share"))


@pytest.mark.parametrize(
    ("changed", "lead", "direction"),
    [
        pytest.param({"range_break": 1}, 1, 0, id="one vote"),
        pytest.param({"otm_premium_ratio": 2.0}, 2, 1, id="two votes confirmed"),
        pytest.param({"otm_premium_ratio": 2.0} | UNCONFIRMED, 2, 0, id="two votes alone"),
        pytest.param(
            {"otm_premium_ratio": 2.0, "range_break": 1} | UNCONFIRMED, 3, 1, id="three votes alone"
        ),
    ],
)
def test_the_lead_depends_on_confirmations(
    changed: dict[str, Any], lead: int, direction: int
) -> None:
    decision = decide(**(VOTELESS | changed))

    assert (decision.vote_sum, decision.direction) == (lead, direction)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, {"breadth": 1.2}, id="broad"),
        pytest.param(
            {"minutes_since_open": 60.0}, {"first_hour": 1.15, "breadth": 1.2}, id="first hour"
        ),
        pytest.param(
            {"minutes_to_close": 60.0}, {"last_hour": 1.1, "breadth": 1.2}, id="last hour"
        ),
        pytest.param(
            {"minutes_to_close": 60.0, "sweep_n_60s": 0, "hidden_side": 0},
            {"breadth": 1.2},
            id="last hour without flow",
        ),
    ],
)
def test_adjusters(changed: dict[str, Any], expected: dict[str, float]) -> None:
    assert decide(**changed).adjusters == expected


def test_adjusters_raise_by_a_quarter_at_most() -> None:
    # Unusual 24, sweep 12, hidden 12, open interest 10: the first hour and breadth ask for x 1.38.
    features = Features("NVDA", AT, UNUSUAL | FEW_POINTS | {"minutes_since_open": 60.0})
    free = replace(SETTINGS, scoring=replace(SETTINGS.scoring, adjuster_max=1.5))

    bound, unbound = (fourteen_dte.evaluate(features, limits) for limits in (SETTINGS, free))

    assert (bound.outcome, bound.confidence) == (Outcome.BELOW_THRESHOLD, pytest.approx(58 * 1.25))
    assert (unbound.outcome, unbound.confidence) == (Outcome.CANDIDATE, pytest.approx(58 * 1.38))


def test_confirmations_must_agree_with_the_votes() -> None:
    assert decide(unusual_dir=-1, vanna_flow_frac=-0.02).confirmations == (
        "block",
        "charm",
        "hidden",
        "oi_delta",
        "sweep",
    )


@given(st.sets(st.sampled_from(sorted(UNUSUAL))))
def test_missing_features_never_raise(missing: set[str]) -> None:
    decision = decide(**dict.fromkeys(missing))

    assert set(fourteen_dte.REQUIRED).isdisjoint(missing) or decision.outcome is Outcome.VETO
