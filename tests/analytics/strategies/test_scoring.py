"""From evidence to confidence (DOMAIN 5.2, 5.3, 5.10)."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.strategies import scoring, zero_dte
from analytics.strategies.scoring import Evidence, component
from quanticity.config.loader import section
from quanticity.domain.readings import plain
from quanticity.domain.signals import Component, Features, Gate, Outcome, Strategy

RULES = section("analytics.strategies.zero_dte", zero_dte.Settings).scoring
FEATURES = Features("SPY", datetime(2025, 11, 21, 15, 0, tzinfo=UTC), {})
PARTS = st.lists(
    st.builds(
        component,
        st.just("x"),
        st.floats(1, 50),
        st.none() | st.floats(0, 1),
        st.sampled_from([-1, 0, 1]),
    ),
    min_size=1,
    max_size=9,
)
ADJUSTERS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.floats(0.5, 1.3), max_size=3)
STRONG = Evidence((), {"all": 5}, 1, (component("x", 120, 1.0),), {}, ("one", "two"))


def outcome(evidence: Evidence) -> Outcome:
    return scoring.conclude(Strategy.ZERO_DTE, FEATURES, evidence, RULES).outcome


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(STRONG, Outcome.CANDIDATE, id="everything agrees"),
        pytest.param(
            replace(STRONG, gates=(Gate("BLIND", 99, 15, passed=False),), direction=0),
            Outcome.VETO,
            id="a veto comes first",
        ),
        pytest.param(
            replace(STRONG, direction=0, confirmations=()),
            Outcome.NO_DIRECTION,
            id="then direction",
        ),
        pytest.param(
            replace(
                STRONG,
                components=(component("x", 1, 1.0), component("y", 1, None)),
                confirmations=(),
            ),
            Outcome.COVERAGE,
            id="then coverage",
        ),
        pytest.param(
            replace(STRONG, components=(component("x", 1, 1.0),), confirmations=("one",)),
            Outcome.NO_CONFIRMATION,
            id="then confirmations",
        ),
        pytest.param(
            replace(STRONG, components=(component("x", 89.9, 1.0),)),
            Outcome.BELOW_THRESHOLD,
            id="then the threshold",
        ),
    ],
)
def test_the_first_step_to_fail_names_the_outcome(evidence: Evidence, expected: Outcome) -> None:
    assert outcome(evidence) is expected


def test_every_step_is_recorded_even_after_a_veto() -> None:
    vetoed = replace(STRONG, gates=(Gate("BLIND", 99, 15, passed=False),))

    decision = scoring.conclude(Strategy.ZERO_DTE, FEATURES, vetoed, RULES)

    assert [gate.code for gate in decision.gates] == [
        "BLIND", "NO_DIRECTION", "COVERAGE", "NO_CONFIRMATION", "BELOW_THRESHOLD", "COVERAGE_FULL", "ADJUSTERS",
    ]  # fmt: skip
    assert decision.reasons == ("BLIND",)


def test_a_part_without_strength_supports_no_direction() -> None:
    assert component("x", 10, 0.0, 1).g == component("x", 10, None, 1).g == 0


def test_a_part_against_us_costs_its_points() -> None:
    parts = (
        component("with", 30, 1.0, 1),
        component("neither", 20, 0.5),
        component("against", 10, 1.0, -1),
    )

    assert scoring.net_points(parts, 1) == 30
    assert scoring.net_points(parts, -1) == -10


@pytest.mark.parametrize(
    ("missing", "confidence"),
    [
        pytest.param(9.0, 100.0, id="enough coverage"),
        pytest.param(20.0, 80.0, id="capped by coverage"),
        pytest.param(31.0, None, id="too little coverage"),
    ],
)
def test_short_coverage_caps_and_then_abstains(missing: float, confidence: float | None) -> None:
    parts = (component("there", 100 - missing, 1.0), component("gone", missing, None))

    found = scoring.score(parts, 1, (1.25, 1.25), RULES)

    assert found.confidence == pytest.approx(confidence)


@given(PARTS, st.sampled_from([-1, 1]), ADJUSTERS)
def test_confidence_is_bounded_and_symmetric(
    parts: list[Component], direction: int, adjusters: dict[str, float]
) -> None:
    turned = [replace(part, g=-part.g) for part in parts]
    ours, theirs = (
        scoring.score(parts, direction, adjusters.values(), RULES),
        scoring.score(turned, -direction, adjusters.values(), RULES),
    )

    assert ours == theirs
    assert ours.confidence is None or 0 <= ours.confidence <= 100


@given(PARTS, st.sampled_from([-1, 0, 1]), ADJUSTERS)
def test_a_stored_decision_gives_the_same_confidence_again(
    parts: list[Component], direction: int, adjusters: dict[str, float]
) -> None:
    evidence = Evidence((), {}, direction, tuple(parts), adjusters)
    decision = scoring.conclude(Strategy.ZERO_DTE, FEATURES, evidence, RULES)

    stored = json.loads(json.dumps(plain(decision)))

    assert scoring.recompute(stored) == pytest.approx(decision.confidence, abs=1e-9)


@given(PARTS, st.sampled_from([-1, 1]))
def test_contributions_add_up_to_the_points(parts: list[Component], direction: int) -> None:
    decision = scoring.conclude(
        Strategy.ZERO_DTE, FEATURES, Evidence((), {}, direction, tuple(parts)), RULES
    )

    assert sum(part.contribution for part in decision.components) == pytest.approx(
        decision.net_points
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(scoring.from_least(-0.5, 0.4), 0.5, id="magnitude that reaches"),
        pytest.param(scoring.from_least(0.3, 0.4), 0.0, id="magnitude that does not"),
        pytest.param(scoring.from_least(None, 0.4), None, id="magnitude of nothing"),
        pytest.param(scoring.share_of(-3.0, 1, 2), 1.0, id="share is at most one"),
        pytest.param(scoring.share_of(None, 1, 2), None, id="share of nothing"),
        pytest.param(scoring.units(-0.9, 0.1, 2), -1.0, id="units are clipped"),
        pytest.param(scoring.momentum(0.2, None, 0.35), 0.0, id="an abstention is neutral"),
        pytest.param(scoring.momentum(0.675, 0.5, 0.35), 0.5, id="momentum halfway"),
        pytest.param(scoring.momentum(0.9, None, 0.35), None, id="momentum without a way"),
    ],
)
def test_how_features_become_strengths(found: float | None, expected: float | None) -> None:
    assert found == pytest.approx(expected)
