"""0DTE, one row per gate, vote, adjuster and confirmation (DOMAIN 5.4)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.strategies import zero_dte
from quanticity.config.loader import section
from quanticity.domain.signals import Decision, Features, Outcome

SETTINGS = section("analytics.strategies.zero_dte", zero_dte.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
BULLISH: dict[str, Any] = {
    "price": 600.0, "age_s": 2.0, "blind_300s_s": 0.0, "chain_quality": "OK", "chain_delayed": False,
    "vwap": 598.5, "ret_2b_pct": 0.15, "ret_5b_pct": 0.35, "vpin_cdf": 0.85, "obi_l5": 0.7,
    "sweep_net": 0.9, "sweep_n_60s": 3, "toxicity": 0.75, "gex_usd_per_1pct": -2e9, "gex_frac": -0.02,
    "gex_sign_agree": True, "pin_proximity": 0.5, "pin_dist_pct": 0.8, "pin_pull": 1,
    "vanna_flow_frac": 0.006, "charm_flow_frac": 0.002, "elasticity_total": 0.02, "rr25_z": 1.5,
    "flow_momentum_share": 0.6, "flow_momentum_dir": 0.5, "vol_regime": "NORMAL",
    "vol_regime_age_s": 900.0, "vol_d5m_volpts": 0.1,
}  # fmt: skip
DIRECTED = (
    "obi_l5",
    "sweep_net",
    "rr25_z",
    "flow_momentum_dir",
    "vanna_flow_frac",
    "charm_flow_frac",
    "ret_2b_pct",
    "ret_5b_pct",
)


def decide(**changed: Any) -> Decision:
    return zero_dte.evaluate(Features("SPY", AT, BULLISH | changed), SETTINGS)


def test_everything_in_agreement_is_a_candidate() -> None:
    decision = decide()

    assert (decision.outcome, decision.direction) == (Outcome.CANDIDATE, 1)
    assert decision.confirmations == ("charm", "flow", "sweep", "vanna")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"elasticity_total": -0.05}, "DEALER_DAMPING", id="dealers damp"),
        pytest.param({"toxicity": 0.44}, "LOW_TOXICITY", id="too little toxicity"),
        pytest.param({"obi_l5": 0.39, "vpin_cdf": 0.5}, "NO_PRESSURE", id="no pressure"),
        pytest.param(
            {"vol_regime": "SHOCK", "vol_regime_age_s": 599.0}, "VOL_SHOCK", id="fresh shock"
        ),
        pytest.param(
            {"vol_regime": "SHOCK", "vol_regime_age_s": None},
            "VOL_SHOCK",
            id="shock of unknown age",
        ),
        pytest.param({"age_s": 20.0}, "STALE", id="stale"),
    ],
)
def test_a_veto_is_named(changed: dict[str, Any], code: str) -> None:
    decision = decide(**changed)

    assert decision.outcome is Outcome.VETO
    assert decision.vetoes == (code,)


@pytest.mark.parametrize("name", zero_dte.REQUIRED)
def test_a_missing_required_feature_abstains(name: str) -> None:
    decision = decide(**{name: None})

    assert decision.vetoes == ("MISSING_REQUIRED",)


@pytest.mark.parametrize(
    ("changed", "name", "vote"),
    [
        pytest.param({"obi_l5": 0.30}, "obi", 3, id="strong book"),
        pytest.param({"obi_l5": -0.29}, "obi", -1, id="weak book"),
        pytest.param({"vwap": 600.1}, "vwap", 0, id="at VWAP"),
        pytest.param({"vwap": 597.0 - 3}, "vwap", -1, id="stretched above VWAP"),
        pytest.param({"vwap": None}, "vwap", 0, id="no VWAP"),
        pytest.param({"ret_2b_pct": -0.11}, "bars", -1, id="the trend turned"),
        pytest.param({"ret_2b_pct": -0.1}, "bars", 0, id="the trend rests"),
        pytest.param({"toxicity": 0.7}, "toxicity", 0, id="not toxic enough"),
        pytest.param({"vanna_flow_frac": None}, "dealer_flow", 0, id="no vanna"),
        pytest.param({"rr25_z": -1.0}, "skew", -1, id="puts dear"),
        pytest.param({"flow_momentum_share": 0.55}, "momentum", 0, id="too little momentum"),
        pytest.param({"vol_regime": "SHOCK"}, "vol_shock", -1, id="rising shock"),
        pytest.param(
            {"vol_regime": "SHOCK", "vol_d5m_volpts": -0.1}, "vol_shock", 0, id="falling shock"
        ),
    ],
)
def test_one_vote(changed: dict[str, Any], name: str, vote: int) -> None:
    assert decide(**changed).votes[name] == vote


@pytest.mark.parametrize(
    ("changed", "name", "s"),
    [
        pytest.param({"vpin_cdf": 0.39}, "vpin", 0.0, id="low VPIN"),
        pytest.param({"vpin_cdf": 0.40}, "vpin", 0.5, id="VPIN begins at half"),
        pytest.param({"obi_l5": 0.59}, "obi", 0.0, id="book below its limit"),
        pytest.param({"gex_sign_agree": False}, "gamma", None, id="models disagree"),
        pytest.param({"gex_sign_agree": None}, "gamma", 1.0, id="only one model"),
        pytest.param(
            {"gex_usd_per_1pct": 1e9, "pin_dist_pct": None}, "gamma", None, id="pin missing"
        ),
        pytest.param(
            {"gex_usd_per_1pct": 1e9, "pin_dist_pct": 0.04}, "gamma", 0.0, id="at the pin"
        ),
        pytest.param(
            {"gex_usd_per_1pct": 1e9, "pin_dist_pct": 0.3, "pin_proximity": 0.71},
            "gamma",
            1.0,
            id="near the pin",
        ),
        pytest.param(
            {"gex_usd_per_1pct": 1e9, "pin_proximity": 0.6}, "gamma", 0.6, id="pin in sight"
        ),
        pytest.param({"gex_usd_per_1pct": 1e9, "pin_proximity": 0.4}, "gamma", 0.2, id="far pin"),
        pytest.param({"sweep_n_60s": 0}, "sweep", 0.0, id="no sweep"),
        pytest.param({"sweep_n_60s": 1}, "sweep", 0.7, id="one sweep"),
        pytest.param({"sweep_net": None}, "sweep", None, id="sweeps missing"),
        pytest.param({"rr25_z": 0.99}, "skew", 0.0, id="usual skew"),
        pytest.param(
            {"flow_momentum_share": 0.0, "flow_momentum_dir": None},
            "flow",
            0.0,
            id="clusters abstained",
        ),
        pytest.param({"flow_momentum_share": None}, "flow", None, id="clusters missing"),
    ],
)
def test_one_strength(changed: dict[str, Any], name: str, s: float | None) -> None:
    found = {part.name: part.s for part in decide(**changed).components}

    assert found[name] == pytest.approx(s)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({"elasticity_total": -0.02}, {"hedge_damping": 0.8}, id="damping"),
        pytest.param({"vol_regime": "ELEVATED"}, {"vol_regime": 0.9}, id="elevated"),
        pytest.param({"vol_regime": "SHOCK"}, {"vol_regime": 0.75}, id="shock"),
        pytest.param(
            {"gex_usd_per_1pct": 1e9, "pin_proximity": 0.9}, {"pin": 1.2}, id="pin pulls our way"
        ),
        pytest.param(
            {"gex_usd_per_1pct": 1e9, "pin_proximity": 0.9, "pin_pull": -1},
            {"pin": 0.7},
            id="pin pulls back",
        ),
    ],
)
def test_adjusters(changed: dict[str, Any], expected: dict[str, float]) -> None:
    assert decide(**changed).adjusters == expected


def test_one_confirmation_is_not_enough() -> None:
    decision = decide(sweep_n_60s=0, vanna_flow_frac=0.001, charm_flow_frac=0.0)

    assert decision.confirmations == ("flow",)
    assert decision.outcome is Outcome.NO_CONFIRMATION


@given(st.fixed_dictionaries({name: st.floats(-1, 1) for name in DIRECTED}))
def test_mirroring_the_market_turns_the_decision(tape: dict[str, float]) -> None:
    neutral = {"price": 600.0, "vwap": 600.0, "vpin_cdf": 0.85}
    ours = decide(**neutral, **tape)
    theirs = decide(**neutral, **{name: -value for name, value in tape.items()})

    assert ours.direction == -theirs.direction
    assert ours.confidence == pytest.approx(theirs.confidence)


@given(st.sets(st.sampled_from(sorted(BULLISH))))
def test_missing_features_never_raise_and_never_help(missing: set[str]) -> None:
    decision = decide(**dict.fromkeys(missing))

    assert set(zero_dte.REQUIRED).isdisjoint(missing) or decision.outcome is Outcome.VETO
    assert all(part.s is None or 0 <= part.s <= 1 for part in decision.components)
