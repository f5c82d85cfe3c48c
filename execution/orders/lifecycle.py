"""Life of an order: which state may follow which, and what a set of broker facts amounts to (6.2).

`fold` is a function of the *set* of facts: callbacks in any order and any number of repetitions
give the same view. Quantity comes from executions alone; a status never adds any. What the client
library calls cancelled because of an error is in doubt until the broker says otherwise.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from execution.ledger.executions import CommissionReport, in_force
from quanticity.domain.orders import (
    Fill,
    IntentState,
    OrderStatus,
    OrderUpdate,
    PositionState,
)

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
    # A fill after the end is a fact that the books did not have.
    _P.CLOSED: (_P.QUARANTINED,),
    _P.SETTLED: (_P.QUARANTINED,),
}

# 202 is the broker's own "order cancelled"; every other code beside a Cancelled is the library's
# reading of an error, and the order may well be alive (TWS_PROTOCOL 3.1).
_CLEAN_CANCEL = frozenset({None, 202})
# 201 ends an order even after it worked, unless it answers an amendment of ours.
_CLEAN_REFUSAL = frozenset({None, 201})
_ALIVE = frozenset({OrderStatus.WORKING, OrderStatus.FILLED})
_ENDED = {
    OrderStatus.CANCELLED: IntentState.CANCELLED,
    OrderStatus.REJECTED: IntentState.REJECTED,
}
_Node = TypeVar("_Node")


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.lifecycle]."""

    submit_answer_s: float
    cancel_answer_s: float
    unknown_alarm_s: float
    unknown_halt_s: float


class MarkerKind(StrEnum):
    """What we did, or saw happen, ourselves."""

    SENT = "SENT"
    CANCEL_SENT = "CANCEL_SENT"
    AMEND_SENT = "AMEND_SENT"
    LINK_LOST = "LINK_LOST"
    PROVEN_ABSENT = "PROVEN_ABSENT"


@dataclass(frozen=True, slots=True)
class Marker:
    """One thing we did with an order, and when."""

    kind: MarkerKind
    at: datetime


Event = Fill | OrderUpdate | CommissionReport | Marker


@dataclass(frozen=True, slots=True)
class OrderView:
    """What the facts about one order amount to; commission None while any report is missing."""

    state: IntentState
    filled: int
    average_price: Decimal | None
    commission_usd: Decimal | None
    fills: tuple[Fill, ...]
    perm_ids: frozenset[int]
    awaiting_fills: bool
    overfilled: bool


def fold(quantity: int, events: Iterable[Event]) -> OrderView:
    """Read all facts about one order of so many contracts, in any order, repeated or not."""
    facts = list(events)
    updates = [e for e in facts if isinstance(e, OrderUpdate)]
    markers = [e for e in facts if isinstance(e, Marker)]
    reports = [e for e in facts if isinstance(e, CommissionReport)]
    fills = in_force([e for e in facts if isinstance(e, Fill)], reports)
    filled = sum(abs(fill.quantity) for fill in fills)
    costs = [fill.commission for fill in fills]
    said = max((u.filled for u in updates), default=0)
    return OrderView(
        state=_state(quantity, filled, updates, markers),
        filled=filled,
        average_price=_average(fills, filled),
        commission_usd=None if None in costs else sum((c for c in costs if c), Decimal(0)),
        fills=fills,
        perm_ids=frozenset(u.perm_id for u in updates if u.perm_id),
        awaiting_fills=filled < min(said, quantity),
        overfilled=filled > quantity,
    )


def path(before: IntentState, after: IntentState) -> tuple[IntentState, ...] | None:
    """The shortest legal walk from one state to another, without the first; None when none is.

    Facts may skip a step that the broker never told (filled before acknowledged); the record
    does not.
    """
    return _walk(INTENT_MOVES, before, after)


def position_path(before: PositionState, after: PositionState) -> tuple[PositionState, ...] | None:
    """The shortest legal walk of a position; None when there is none."""
    return _walk(POSITION_MOVES, before, after)


def position_state(
    bought: int, sold: int, *, entry_done: bool, exit_working: bool
) -> PositionState:
    """What a position's quantities amount to; closed only by fills, never by assignment."""
    if bought == 0 or (sold == 0 and not entry_done):
        return PositionState.OPENING
    if sold > bought:
        return PositionState.QUARANTINED
    if sold == bought and entry_done:
        return PositionState.CLOSED
    if exit_working:
        return PositionState.CLOSING
    return PositionState.REDUCING if sold else PositionState.OPEN


def is_overdue(state: IntentState, since: datetime, now: datetime, settings: Settings) -> bool:
    """Say whether an answer is so late that the order is UNKNOWN."""
    limits = {
        IntentState.SUBMITTING: settings.submit_answer_s,
        IntentState.CANCEL_PENDING: settings.cancel_answer_s,
    }
    limit = limits.get(state)
    return limit is not None and (now - since).total_seconds() > limit


def _state(
    quantity: int, filled: int, updates: list[OrderUpdate], markers: list[Marker]
) -> IntentState:
    if filled >= quantity:
        return IntentState.FILLED
    kinds = {m.kind for m in markers}
    lived_at = [u.at for u in updates if u.status in _ALIVE]
    ever_worked = bool(lived_at) or filled > 0
    # Before it worked a refusal is the end; after an amendment of ours it may refuse only that.
    sure = _CLEAN_REFUSAL if MarkerKind.AMEND_SENT not in kinds else frozenset({None})
    doubtful = [u for u in updates if _is_doubtful(u, ever_worked=ever_worked, sure=sure)]
    endings = {u.status for u in updates if u not in doubtful} & set(_ENDED)
    if endings:
        return _ENDED[min(endings)]
    if MarkerKind.PROVEN_ABSENT in kinds and not ever_worked:
        return IntentState.EXPIRED
    doubts = [u.at for u in doubtful] + [m.at for m in markers if m.kind is MarkerKind.LINK_LOST]
    # A doubt is settled by a later word that the order lives.
    if doubts and max(doubts) >= max(lived_at, default=min(doubts)):
        return IntentState.UNKNOWN
    return _living(filled, kinds, seen=bool(lived_at))


def _living(filled: int, kinds: set[MarkerKind], *, seen: bool) -> IntentState:
    if MarkerKind.CANCEL_SENT in kinds:
        return IntentState.CANCEL_PENDING
    if filled:
        return IntentState.PARTIAL
    return IntentState.WORKING if seen else IntentState.SUBMITTING


def _is_doubtful(update: OrderUpdate, *, ever_worked: bool, sure: frozenset[int | None]) -> bool:
    if update.status is OrderStatus.CANCELLED:
        return update.error_code not in _CLEAN_CANCEL
    if update.status is OrderStatus.REJECTED:
        return ever_worked and update.error_code not in sure
    return update.status is OrderStatus.UNKNOWN


def _average(fills: tuple[Fill, ...], filled: int) -> Decimal | None:
    if not filled:
        return None
    return sum((f.price * abs(f.quantity) for f in fills), Decimal(0)) / filled


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
