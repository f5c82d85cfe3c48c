"""Two replays held against each other: numbers first, then decisions."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.models import Decision
from quanticity.config import loader
from quanticity.management.replay import comparison, roots

pytestmark = pytest.mark.django_db


@pytest.fixture
def overridden() -> Any:
    """Operators' numbers, taken back after the test."""
    yield loader.lay_over
    loader.lay_over({})


def decide(at: Any, outcome: str = "VETO", confidence: float | None = 50.0) -> Decision:
    return Decision.objects.create(
        strategy="0DTE", symbol="SPY", at=at, outcome=outcome, direction=1,
        confidence=confidence, explanation={"gates": []}, config_hash="x", source="replay",
    )  # fmt: skip


def test_nothing_is_compared_with_the_first(tmp_path: Path) -> None:
    assert comparison.against(tmp_path, roots.result()) is None


def test_the_same_again_is_identical(tmp_path: Path, noon: Any) -> None:
    decide(noon.at)
    comparison.keep(tmp_path, roots.result())

    found = comparison.against(tmp_path, roots.result())

    assert found is not None
    assert (found["identical"], found["decisions"], found["config"]) == (True, 0, {})


def test_a_changed_number_and_what_it_changed_are_named(
    tmp_path: Path, noon: Any, overridden: Any
) -> None:
    row = decide(noon.at)
    comparison.keep(tmp_path, roots.result())
    overridden({"analytics.strategies.zero_dte.vetoes.low_toxicity": 0.2})
    Decision.objects.filter(pk=row.pk).update(outcome="BELOW_THRESHOLD")
    decide(noon.at + timedelta(seconds=60))

    found = comparison.against(tmp_path, roots.result())

    assert found is not None
    assert found["config"] == {"analytics.strategies.zero_dte.vetoes.low_toxicity": [0.45, 0.2]}
    assert found["outcomes"] == {"VETO -> BELOW_THRESHOLD": 1, "nothing -> VETO": 1}
    assert not found["identical"]
    told = list(comparison.told(found))
    assert told[0] == "config    analytics.strategies.zero_dte.vetoes.low_toxicity: 0.45 -> 0.2"
    assert "2 differ" in told[1]


def test_a_changed_number_that_moved_no_decision_is_told_all_the_same(
    tmp_path: Path, noon: Any, overridden: Any
) -> None:
    decide(noon.at)
    comparison.keep(tmp_path, roots.result())
    overridden({"analytics.strategies.zero_dte.vetoes.low_toxicity": 0.2})

    told = list(comparison.told(comparison.against(tmp_path, roots.result())))

    assert told == [
        "config    analytics.strategies.zero_dte.vetoes.low_toxicity: 0.45 -> 0.2",
        "Every decision is byte for byte what it was in the last run kept here.",
    ]


def test_the_root_is_of_what_was_decided_not_of_where_it_is_kept(noon: Any) -> None:
    decide(noon.at)
    first = roots.root(roots.decisions())
    Decision.objects.all().delete()
    decide(noon.at)

    assert roots.root(roots.decisions()) == first
    Decision.objects.update(confidence=51.0)
    assert roots.root(roots.decisions()) != first
