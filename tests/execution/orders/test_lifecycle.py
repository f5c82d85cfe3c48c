"""Which state may follow which: steps, corrections of what was over, and what never is (6.2)."""

from typing import Any

import pytest

from execution.orders.lifecycle import (
    INTENT_MOVES,
    POSITION_MOVES,
    TERMINAL,
    Move,
    judge_intent,
    judge_position,
    path,
)
from quanticity.domain.orders import IntentState


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


@pytest.mark.parametrize(
    ("before", "after", "move"),
    [
        pytest.param("NEW", "CHECKED", Move.STEP, id="the next step"),
        pytest.param("SUBMITTING", "FILLED", Move.STEP, id="a step that was never told"),
        pytest.param("CANCELLED", "FILLED", Move.CORRECTION, id="a fill after the end"),
        pytest.param("FILLED", "PARTIAL", Move.CORRECTION, id="a fill taken back"),
        pytest.param("CANCELLED", "WORKING", Move.CORRECTION, id="it works after all"),
        pytest.param("BLOCKED", "SUBMITTING", Move.ILLEGAL, id="what was denied is not sent"),
        pytest.param("BLOCKED", "FILLED", Move.ILLEGAL, id="what was denied does not fill"),
        pytest.param("WORKING", "SIZED", Move.ILLEGAL, id="what was sent is not sized again"),
        pytest.param("CANCELLED", "SUBMITTING", Move.ILLEGAL, id="what is over is not resent"),
    ],
)
def test_an_intent_moves_by_the_table(before: str, after: str, move: Move) -> None:
    assert judge_intent(before, after) is move


@pytest.mark.parametrize(
    ("before", "after", "move"),
    [
        pytest.param("OPEN", "CLOSED", Move.STEP, id="closed by way of closing"),
        pytest.param("QUARANTINED", "OPEN", Move.STEP, id="the books agree again"),
        pytest.param("CLOSED", "REDUCING", Move.CORRECTION, id="the last sale was taken back"),
        pytest.param("OPEN", "OPENING", Move.ILLEGAL, id="what is open was opened once"),
        pytest.param("CLOSED", "OPENING", Move.ILLEGAL, id="what is over does not begin again"),
    ],
)
def test_a_position_moves_by_the_table(before: str, after: str, move: Move) -> None:
    assert judge_position(before, after) is move
