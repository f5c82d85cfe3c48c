"""A stored decision explains itself: what failed, by how much, and what each part was worth."""

from datetime import timedelta
from typing import Any

import pytest

from analytics.models import Decision
from analytics.services import scoring
from analytics.signals import codes, explain
from analytics.strategies.scoring import recompute
from quanticity.domain.signals import Outcome, Strategy
from quanticity.store.client import client
from tests import bullish, factories
from tests.analytics import toy_chains

pytestmark = pytest.mark.usefixtures("rally")


@pytest.fixture
def rally(db: None, store: None, noon: Any) -> Any:
    """A market that pushes up, at eleven o'clock."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    factories.quiet_world()
    bullish.write()
    return noon


def explained(**readings: Any) -> explain.Explained:
    """Score SPY with some readings changed, and explain what was kept."""
    for family, data in readings.items():
        factories.reading(family, data)
    scoring.score(Strategy.ZERO_DTE, "SPY")
    return explain.explain(Decision.objects.latest("pk").explanation)


def test_a_signal_says_which_way_and_how_sure() -> None:
    assert explained().headline.startswith("A signal: bullish, confidence 100")


def test_a_veto_names_value_and_threshold() -> None:
    found = explained(toxicity={"toxicity": 0.3, "toxicity_lean": 0.1})

    assert found.headline == (
        "Vetoed: LOW_TOXICITY, toxicity of the flow: 0.3, needs >= 0.45. It leaned bullish."
    )


def test_what_is_missing_is_named() -> None:
    client().delete("analytics:SPY:vpin")

    found = explained()

    assert "missing of the required features: vpin_cdf" in found.headline
    assert ("vpin_cdf", "NO_DATA") in {(one.name, one.missing) for one in found.inputs}


def test_an_early_end_leaves_the_later_steps_readable(rally: Any) -> None:
    rally.at += timedelta(hours=4.5)

    found = explained()

    assert found.headline.startswith("Not the time for it: WINDOW, now: 15:30:01, needs between")
    assert {line.code for line in found.gates} >= {"MODULE", "STALE", "BELOW_THRESHOLD"}


def test_points_of_the_parts_add_up() -> None:
    found = explained()

    assert sum(part.points for part in found.parts) == pytest.approx(found.net_points)
    assert found.vote_sum == sum(vote for _, vote in found.votes)


def test_the_contract_it_chose_is_shown() -> None:
    contract = dict(explained().contract)

    assert contract["contract"].startswith("SPY 2025-11-21")
    assert 0.30 <= float(contract["delta"]) <= 0.60


def test_inputs_tell_their_age() -> None:
    ages = {one.name: one.age_s for one in explained().inputs}

    assert ages["vpin_cdf"] == 0.0
    assert ages["price"] == 0.0
    assert ages["weekday"] is None


def test_a_stored_decision_gives_its_confidence_again() -> None:
    explained()

    row = Decision.objects.get()
    assert recompute(row.explanation) == pytest.approx(row.confidence, abs=1e-9)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_words(outcome: Outcome) -> None:
    assert codes.OUTCOMES[outcome]


def test_every_gate_that_was_recorded_is_in_the_table() -> None:
    assert {line.code for line in explained().gates} <= codes.CODES.keys()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "—", id="nothing"),
        pytest.param(True, "yes", id="true"),
        pytest.param(0.123456789, "0.12346", id="a fraction"),
        pytest.param(1_234_567.8, "1,234,568", id="a large number"),
        pytest.param([1, "a"], "1 · a", id="a list"),
        pytest.param("2025-11-21T15:42:00.000Z", "10:42:00", id="an instant, in New York"),
    ],
)
def test_values_are_written_for_people(value: Any, text: str) -> None:
    assert explain.text(value) == text


def test_a_need_without_a_number_is_words_alone() -> None:
    line = explain.Line(
        "veto", "CHAIN_INVALID", "quality of the chain", "INVALID", "not INVALID", "—", passed=False
    )

    assert line.needs == "not INVALID"
