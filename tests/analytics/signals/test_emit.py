"""Emission: one transaction, one signal per episode, whatever comes at once (DOMAIN 5.9, 5.10)."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from analytics.models import Decision, Signal
from analytics.services import scoring
from analytics.signals import dedup, emit
from analytics.signals.emit import Proposed, Rehearsal
from analytics.signals.version import code_version
from quanticity.config.loader import config_hash, section
from quanticity.domain.signals import Acknowledgement, Outcome
from tests.racing import in_two_threads

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
SETTINGS = section("analytics.signals", dedup.Settings)
Make = Callable[..., Proposed]


def outcomes() -> list[str]:
    return list(Decision.objects.order_by("pk").values_list("outcome", flat=True))


def end(signal_id: str | None) -> None:
    assert signal_id is not None
    scoring.acknowledge(signal_id, Acknowledgement.FILLED, "TARGET", ended=True)


def test_a_candidate_becomes_a_signal_and_a_decision(proposed: Make, noon: Any) -> None:
    found = emit.emit(proposed(), SETTINGS)

    row = Signal.objects.get(pk=found)
    assert (row.confidence, row.episode_seq, row.state, row.created_at) == (
        92.34,
        1,
        "live",
        noon.at,
    )
    assert (row.valid_until - row.created_at).total_seconds() == 300
    assert (row.decision.outcome, outcomes()) == ("EMITTED", ["EMITTED"])


def test_the_decision_keeps_what_it_looked_at(proposed: Make) -> None:
    emit.emit(proposed(), SETTINGS)

    row = Decision.objects.get()
    assert row.explanation["features"] == {"price": 600.0}
    assert row.explanation["missing"] == {"vwap": "NO_DATA"}
    assert row.explanation["contract"]["delta"] == 0.45
    assert row.explanation["gates"][0]["code"] == "LIVE_LOCK"
    assert row.config_hash == config_hash("analytics.strategies.zero_dte")


def test_the_same_history_gives_the_same_id(proposed: Make) -> None:
    first = emit.emit(proposed(), SETTINGS)
    Signal.objects.all().delete()

    assert emit.emit(proposed(), SETTINGS) == first


@pytest.mark.parametrize(
    ("confidence", "outcome"),
    [
        pytest.param(92.5, "THIN_UPDATE", id="hardly changed"),
        pytest.param(99.0, "UPDATED", id="clearly changed"),
    ],
)
def test_while_one_is_live_another_is_only_an_update(
    proposed: Make, confidence: float, outcome: str
) -> None:
    emit.emit(proposed(), SETTINGS)

    assert emit.emit(proposed(confidence=confidence), SETTINGS) is None
    assert (outcomes(), Signal.objects.count()) == (["EMITTED", outcome], 1)


def test_a_material_change_moves_what_the_next_is_compared_with(proposed: Make) -> None:
    for confidence in (90.0, 99.0, 98.5):
        emit.emit(proposed(confidence=confidence), SETTINGS)

    row = Signal.objects.get()
    assert outcomes() == ["EMITTED", "UPDATED", "THIN_UPDATE"]
    assert (row.confidence, row.last_confidence, row.updates_n) == (90.0, 99.0, 1)


def test_a_signal_says_which_code_and_which_numbers_made_it(proposed: Make) -> None:
    emit.emit(proposed(), SETTINGS)

    row = Signal.objects.get()
    assert (row.code_version, row.config_hash) == (
        code_version(),
        config_hash("analytics.strategies.zero_dte"),
    )
    assert (row.decision.code_version, row.mode) == (code_version(), "live")


def test_a_blocked_attempt_burns_nothing(proposed: Make, noon: Any) -> None:
    first = emit.emit(proposed(), SETTINGS)
    for _ in range(3):
        emit.emit(proposed(confidence=99.0), SETTINGS)
    end(first)
    noon.advance(31)

    second = emit.emit(proposed(), SETTINGS)

    assert Signal.objects.get(pk=second).episode_seq == 2


def test_after_its_end_and_a_rest_the_triple_may_enter_again(proposed: Make, noon: Any) -> None:
    first = emit.emit(proposed(), SETTINGS)
    end(first)
    noon.advance(31)

    second = emit.emit(proposed(), SETTINGS)

    assert second not in {None, first}
    assert Signal.objects.get(pk=second).episode_seq == 2


def test_a_triple_that_rests_is_blocked(proposed: Make, noon: Any) -> None:
    end(emit.emit(proposed(), SETTINGS))
    noon.advance(5)

    assert emit.emit(proposed(), SETTINGS) is None
    assert outcomes() == ["EMITTED", "CONTEXT_BLOCKED"]


def test_a_stop_out_makes_it_rest_longer(proposed: Make, noon: Any) -> None:
    found = emit.emit(proposed(), SETTINGS)
    assert found is not None
    noon.advance(60)
    scoring.acknowledge(found, Acknowledgement.FILLED, "STOP", ended=True)
    noon.advance(299)
    assert emit.emit(proposed(), SETTINGS) is None

    noon.advance(2)

    assert emit.emit(proposed(), SETTINGS) is not None


def test_any_permutation_admits_one_per_triple(proposed: Make) -> None:
    candidates = [
        proposed(),
        proposed(confidence=99.0),
        proposed(direction=-1, occ="SPY251121P00600000"),
    ]

    # One strategy may hold a symbol in one direction only; its lock is what is looked at here.
    both = replace(SETTINGS, max_live_strategy=2)
    for order in itertools.permutations(candidates):
        Signal.objects.all().delete()
        for one in order:
            emit.emit(one, both)
        assert sorted(Signal.objects.values_list("direction", flat=True)) == [-1, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("disk")
def test_two_workers_admit_one(proposed: Make) -> None:
    one = proposed()

    found = in_two_threads(lambda: [emit.emit(one, SETTINGS)])

    assert (found.count(None), Signal.objects.count()) == (1, 1)
    assert Decision.objects.filter(outcome="EMITTED").count() == 1


@pytest.mark.parametrize("outcome", [Outcome.VETO, Outcome.BELOW_THRESHOLD, Outcome.NO_CONTRACT])
def test_what_is_no_candidate_is_only_recorded(proposed: Make, outcome: Outcome) -> None:
    assert emit.emit(proposed(outcome=outcome), SETTINGS) is None

    assert (outcomes(), Signal.objects.count()) == ([outcome.value], 0)


@pytest.mark.parametrize(
    ("seconds", "outcome", "kept"),
    [
        pytest.param(59, Outcome.VETO, 1, id="the same again within a minute"),
        pytest.param(60, Outcome.VETO, 2, id="the same after a minute"),
        pytest.param(5, Outcome.BELOW_THRESHOLD, 2, id="another outcome"),
    ],
)
def test_an_unchanged_outcome_is_kept_once_a_minute(
    proposed: Make, noon: Any, seconds: float, outcome: Outcome, kept: int
) -> None:
    emit.emit(proposed(outcome=Outcome.VETO), SETTINGS)
    noon.advance(seconds)

    emit.emit(proposed(outcome=outcome), SETTINGS)

    assert Decision.objects.count() == kept


def test_a_rehearsal_needs_no_admission_and_is_marked(proposed: Make) -> None:
    emit.emit(proposed(), SETTINGS)

    found = emit.emit(proposed(), SETTINGS, rehearsal=Rehearsal(2, 30.0))

    row = Signal.objects.get(pk=found)
    assert (row.probe, row.contracts_wanted, row.exit_after_s) == (True, 2, 30.0)


def test_rehearsals_may_follow_each_other(proposed: Make) -> None:
    ids = {emit.emit(proposed(), SETTINGS, rehearsal=Rehearsal(1, 30.0)) for _ in range(3)}

    assert len(ids) == 3
