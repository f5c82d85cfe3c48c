"""Any order of the same facts, repeated or not, is the same order (DOMAIN 6.2)."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.ledger.executions import CommissionReport
from execution.orders import lifecycle
from execution.orders.lifecycle import (
    INTENT_MOVES,
    POSITION_MOVES,
    TERMINAL,
    Event,
    Marker,
    MarkerKind,
    fold,
    path,
    position_path,
    position_state,
)
from quanticity.config.loader import section
from quanticity.domain.orders import Fill, IntentState, OrderUpdate, PositionState

SETTINGS = section("execution.lifecycle", lifecycle.Settings)
AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
Make = Callable[..., Any]


def mark(kind: str, second: float = 0) -> Marker:
    return Marker(MarkerKind(kind), AT + timedelta(seconds=second))


@pytest.fixture(scope="session")
def story(fill: Callable[..., Fill], update: Callable[..., OrderUpdate]) -> tuple[Event, ...]:
    """Everything the broker may say of three contracts bought in two parts, one corrected."""
    first = fill(1, "2.10", 2, exec_id="a.01", commission=None)
    return (
        update("WORKING", 1),
        first,
        fill(2, "2.08", 3, exec_id="b.01", commission=None),
        replace(first, exec_id="a.02", price=Decimal("2.09")),
        update("FILLED", 4, filled=3),
        CommissionReport("a.02", Decimal("0.65")),
        CommissionReport("b.01", Decimal("1.30")),
    )


def test_every_permutation_of_a_story_ends_the_same(story: tuple[Event, ...]) -> None:
    views = {repr(fold(3, order)) for order in itertools.permutations(story)}
    view = fold(3, story)

    assert len(views) == 1
    assert (view.state, view.filled, view.commission_usd) == (
        IntentState.FILLED,
        3,
        Decimal("1.95"),
    )
    assert view.average_price == (Decimal("2.09") + 2 * Decimal("2.08")) / 3


@given(data=st.data())
def test_duplicates_change_nothing(story: tuple[Event, ...], data: st.DataObject) -> None:
    part = data.draw(st.lists(st.sampled_from(story), max_size=7, unique_by=id))
    again = data.draw(
        st.permutations(
            [*part, *data.draw(st.lists(st.sampled_from(part or story), max_size=4 * bool(part)))]
        )
    )

    assert fold(3, again) == fold(3, part)


@pytest.fixture(scope="session")
def trouble(fill: Callable[..., Fill], update: Callable[..., OrderUpdate]) -> list[Event]:
    """Facts of all kinds, many of which contradict each other."""
    return [
        mark("SENT"),
        mark("CANCEL_SENT", 3),
        mark("LINK_LOST", 4),
        update("WORKING", 1),
        update("WORKING", 9),
        update("CANCELLED", 5, error_code=10349),
        update("CANCELLED", 6, error_code=202),
        update("REJECTED", 2, error_code=201),
        update("UNKNOWN", 7),
        fill(1, "2.10", 2),
        fill(2, "2.10", 8),
        fill(-0, "2.10", 8, exec_id="bust.02"),
    ]


@given(data=st.data())
def test_contradictions_end_the_same_in_any_order(
    trouble: list[Event], data: st.DataObject
) -> None:
    facts = data.draw(st.lists(st.sampled_from(trouble), max_size=12))
    shuffled = data.draw(st.permutations(facts + facts[: len(facts) // 2]))

    assert fold(3, shuffled) == fold(3, facts)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        pytest.param([], "SUBMITTING", id="nothing yet"),
        pytest.param([("WORKING", 1, {})], "WORKING", id="acknowledged"),
        pytest.param([("FILLED", 1, {"filled": 3})], "WORKING", id="a status adds no quantity"),
        pytest.param(
            [("CANCELLED", 2, {"error_code": 202})], "CANCELLED", id="the broker's own cancel"
        ),
        pytest.param([("CANCELLED", 2, {})], "CANCELLED", id="a cancel without error"),
        pytest.param(
            [("CANCELLED", 2, {"error_code": 10349})], "UNKNOWN", id="an error taken for a death"
        ),
        pytest.param(
            [("WORKING", 1, {}), ("CANCELLED", 2, {"error_code": 161})],
            "UNKNOWN",
            id="in doubt after working",
        ),
        pytest.param(
            [("CANCELLED", 2, {"error_code": 10349}), ("WORKING", 3, {})],
            "WORKING",
            id="a later word settles it",
        ),
        pytest.param(
            [("REJECTED", 1, {"error_code": 110})], "REJECTED", id="refused before it worked"
        ),
        pytest.param(
            [("WORKING", 1, {}), ("REJECTED", 2, {"error_code": 201})], "REJECTED", id="201 ends it"
        ),
        pytest.param(
            [("WORKING", 1, {}), ("REJECTED", 2, {"error_code": 321})],
            "UNKNOWN",
            id="321 may refuse a change",
        ),
        pytest.param([("UNKNOWN", 2, {})], "UNKNOWN", id="the gateway does not know"),
    ],
)
def test_what_the_broker_says_is_read_with_care(
    update: Make, said: list[tuple[str, float, dict[str, Any]]], state: str
) -> None:
    events = [update(status, second, **changes) for status, second, changes in said]

    assert fold(3, events).state == state


@pytest.mark.parametrize(
    ("markers", "state"),
    [
        pytest.param(["CANCEL_SENT"], "CANCEL_PENDING", id="a cancel is a request"),
        pytest.param(["LINK_LOST"], "UNKNOWN", id="in flight when the link went"),
        pytest.param(["PROVEN_ABSENT"], "WORKING", id="absence does not outweigh a word"),
    ],
)
def test_what_we_did_counts(update: Make, markers: list[str], state: str) -> None:
    events = [update("WORKING", 0), *(mark(kind, 2) for kind in markers)]

    assert fold(3, events).state == state


def test_an_order_nobody_knows_has_expired() -> None:
    assert (
        fold(3, [mark("SENT"), mark("LINK_LOST", 1), mark("PROVEN_ABSENT", 9)]).state == "EXPIRED"
    )


def test_a_refused_amendment_does_not_end_the_order(update: Make) -> None:
    events = [update("WORKING", 0), mark("AMEND_SENT", 1), update("REJECTED", 2, error_code=201)]

    assert fold(3, events).state == "UNKNOWN"


def test_a_fill_outweighs_a_cancel(fill: Make, update: Make) -> None:
    view = fold(3, [fill(3, "2.10"), update("CANCELLED", 1, error_code=202)])

    assert (view.state, view.filled) == ("FILLED", 3)


def test_a_cancel_after_part_keeps_the_part(fill: Make, update: Make) -> None:
    view = fold(3, [fill(2, "2.10"), mark("CANCEL_SENT"), update("CANCELLED", 1, error_code=202)])

    assert (view.state, view.filled) == ("CANCELLED", 2)


def test_fills_that_are_still_to_come_are_waited_for(update: Make) -> None:
    assert fold(3, [update("FILLED", 1, filled=3)]).awaiting_fills


def test_too_many_contracts_are_noticed(fill: Make) -> None:
    assert fold(3, [fill(2, "2.10", 1), fill(2, "2.10", 2)]).overfilled


def test_a_commission_that_is_missing_is_not_free(fill: Make) -> None:
    assert fold(3, [fill(3, "2.10", commission=None)]).commission_usd is None


@pytest.mark.parametrize("state", IntentState)
def test_a_terminal_intent_goes_nowhere(state: IntentState) -> None:
    goes = {after for after in IntentState if path(state, after)}

    assert (goes == set()) is (state in TERMINAL)


@pytest.mark.parametrize("moves", [INTENT_MOVES, POSITION_MOVES], ids=["intent", "position"])
def test_the_tables_name_every_state(moves: dict[Any, tuple[Any, ...]]) -> None:
    states = type(next(iter(moves)))

    assert set(moves) == set(states)
    assert {after for row in moves.values() for after in row} <= set(moves)


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        pytest.param(
            "SUBMITTING", "FILLED", ["WORKING", "FILLED"], id="filled before acknowledged"
        ),
        pytest.param(
            "WORKING", "CANCELLED", ["CANCEL_PENDING", "CANCELLED"], id="cancelled by the broker"
        ),
        pytest.param("UNKNOWN", "CANCELLED", ["CANCELLED"], id="anything may follow unknown"),
        pytest.param("WORKING", "WORKING", [], id="nothing to do"),
    ],
)
def test_the_record_skips_no_step(before: str, after: str, steps: list[str]) -> None:
    assert path(IntentState(before), IntentState(after)) == tuple(steps)


def test_a_fill_after_the_end_is_no_transition() -> None:
    assert path(IntentState.CANCELLED, IntentState.FILLED) is None


@pytest.mark.parametrize(
    ("bought", "sold", "entry_done", "exit_working", "state"),
    [
        pytest.param(0, 0, False, False, "OPENING", id="nothing yet"),
        pytest.param(2, 0, False, False, "OPENING", id="the entry still works"),
        pytest.param(3, 0, True, False, "OPEN", id="open"),
        pytest.param(3, 1, True, False, "REDUCING", id="a target filled"),
        pytest.param(3, 1, True, True, "CLOSING", id="an exit works"),
        pytest.param(3, 3, True, False, "CLOSED", id="closed by fills"),
        pytest.param(3, 4, True, False, "QUARANTINED", id="sold what we did not have"),
    ],
)
def test_a_position_is_what_its_fills_are(
    bought: int, sold: int, entry_done: bool, exit_working: bool, state: str
) -> None:
    assert position_state(bought, sold, entry_done=entry_done, exit_working=exit_working) == state


def test_a_stopped_position_closes_by_way_of_closing() -> None:
    steps = position_path(PositionState.OPEN, PositionState.CLOSED)

    assert steps == (PositionState.CLOSING, PositionState.CLOSED)


@pytest.mark.parametrize(
    ("state", "waited_s", "overdue"),
    [
        pytest.param("CANCEL_PENDING", 5.1, True, id="a cancel unanswered"),
        pytest.param("CANCEL_PENDING", 4.9, False, id="a cancel in time"),
        pytest.param("SUBMITTING", 5.1, True, id="a submission unanswered"),
        pytest.param("WORKING", 999, False, id="a working order may work"),
    ],
)
def test_an_answer_may_be_overdue(state: str, waited_s: float, overdue: bool) -> None:
    now = AT + timedelta(seconds=waited_s)

    assert lifecycle.is_overdue(IntentState(state), AT, now, SETTINGS) is overdue
