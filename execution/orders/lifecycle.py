"""Life of intents and positions: which state may follow which (DOMAIN 6.2).

Every change that is written asks here first. A step that the broker never told may be skipped
(filled before acknowledged); what is over comes back only as a correction of a fact.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from quanticity.domain.orders import IntentState, PositionState

_S, _P = IntentState, PositionState

INTENT_MOVES: Mapping[IntentState, tuple[IntentState, ...]] = {
    _S.NEW: (_S.CHECKED, _S.BLOCKED),
    _S.CHECKED: (_S.SIZED, _S.BLOCKED),
    _S.SIZED: (_S.SUBMITTING, _S.BLOCKED),
    _S.SUBMITTING: (_S.WORKING, _S.REJECTED, _S.UNKNOWN),
    _S.WORKING: (
        _S.PARTIAL, _S.FILLED, _S.CANCEL_PENDING, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN,
    ),
    _S.PARTIAL: (_S.FILLED, _S.CANCEL_PENDING, _S.UNKNOWN),
    _S.CANCEL_PENDING: (_S.CANCELLED, _S.FILLED, _S.PARTIAL, _S.UNKNOWN),
    _S.UNKNOWN: (
        _S.WORKING, _S.PARTIAL, _S.FILLED, _S.CANCEL_PENDING, _S.CANCELLED, _S.REJECTED,
        _S.EXPIRED, _S.SUBMITTING,
    ),
    _S.FILLED: (),
    _S.CANCELLED: (),
    _S.REJECTED: (),
    _S.EXPIRED: (),
    _S.BLOCKED: (),
}  # fmt: skip
TERMINAL = frozenset(state for state, after in INTENT_MOVES.items() if not after)

POSITION_MOVES: Mapping[PositionState, tuple[PositionState, ...]] = {
    _P.OPENING: (_P.OPEN, _P.QUARANTINED),
    _P.OPEN: (_P.REDUCING, _P.CLOSING, _P.SETTLED, _P.QUARANTINED),
    _P.REDUCING: (_P.CLOSING, _P.SETTLED, _P.QUARANTINED),
    _P.CLOSING: (_P.CLOSED, _P.REDUCING, _P.OPEN, _P.SETTLED, _P.QUARANTINED),
    _P.QUARANTINED: (_P.OPEN, _P.REDUCING, _P.CLOSING, _P.CLOSED, _P.SETTLED),
    _P.CLOSED: (),
    _P.SETTLED: (),
}
# What ended comes back by a fact that the books did not have: a late fill, one taken back, an
# order that works after all. What was never sent has no such facts.
_OVER = frozenset({*(TERMINAL - {_S.BLOCKED}), _P.CLOSED, _P.SETTLED})
_FACTS = frozenset(
    {*_P, *(TERMINAL - {_S.BLOCKED}), _S.WORKING, _S.PARTIAL, _S.CANCEL_PENDING, _S.UNKNOWN}
) - {_P.OPENING}
_Node = TypeVar("_Node")


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.lifecycle]."""

    submit_answer_s: float
    cancel_answer_s: float
    unknown_alarm_s: float


class Move(StrEnum):
    """What a change of state amounts to."""

    STEP = "STEP"
    CORRECTION = "CORRECTION"  # a late fact about what was over
    ILLEGAL = "ILLEGAL"


def judge_intent(before: str, after: str) -> Move:
    """Say whether an intent may go from one state to another."""
    return _judge(INTENT_MOVES, IntentState(before), IntentState(after))


def judge_position(before: str, after: str) -> Move:
    """Say whether a position may go from one state to another."""
    return _judge(POSITION_MOVES, PositionState(before), PositionState(after))


def path(before: IntentState, after: IntentState) -> tuple[IntentState, ...] | None:
    """The shortest legal walk from one state to another, without the first; None when none is."""
    return _walk(INTENT_MOVES, before, after)


def _judge(moves: Mapping[_Node, tuple[_Node, ...]], before: _Node, after: _Node) -> Move:
    if before in _OVER:
        return Move.CORRECTION if after in _FACTS else Move.ILLEGAL
    return Move.ILLEGAL if _walk(moves, before, after) is None else Move.STEP


def _walk(
    moves: Mapping[_Node, tuple[_Node, ...]], before: _Node, after: _Node
) -> tuple[_Node, ...] | None:
    waiting: deque[tuple[_Node, ...]] = deque([(before,)])
    seen = {before}
    while waiting:
        steps = waiting.popleft()
        if steps[-1] == after:
            return steps[1:]
        fresh = [state for state in moves[steps[-1]] if state not in seen]
        seen.update(fresh)
        waiting.extend((*steps, state) for state in fresh)
    return None
