"""What is owed: facts to publishing, answers to analytics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from execution.models import (
    Notice,
    Order,
    OrderIntent,
    Position,
    PositionEvent,
    ShadowTrade,
)
from execution.orders.lifecycle import TERMINAL
from quanticity.domain import clock, orders
from quanticity.domain.signals import Acknowledgement

_STOPS = (orders.ExitReason.STOP, orders.ExitReason.BACKUP_STOP)
_SHADOW_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What analytics is owed about one signal."""

    signal_id: str
    intent_id: str
    acknowledgement: Acknowledgement
    code: str
    ended: bool


def has_owed_events() -> bool:
    """Say whether there is a fact that publishing has not taken over; cheap enough to ask often."""
    return PositionEvent.objects.filter(announced=False).exists()


def owed_events(limit: int) -> list[PositionEvent]:
    """Facts that publishing has not taken over, oldest first."""
    rows = PositionEvent.objects.filter(announced=False).select_related("position")
    return list(rows.order_by("pk")[:limit])


def owed_notices(limit: int) -> list[Notice]:
    """Halts and the like that publishing has not taken over, oldest first."""
    return list(Notice.objects.filter(announced=False).order_by("pk")[:limit])


def owed_answers(limit: int) -> list[Answer]:
    """Answers that analytics has not received."""
    rows = OrderIntent.objects.filter(owes_acknowledgement=True).select_related("position")
    return [answer_of(row) for row in rows[:limit]]


def ended_answers(signal_ids: Sequence[str]) -> list[Answer]:
    """Answers of those of these signals whose order and trade are over, given or not."""
    if not signal_ids:
        return []
    over = OrderIntent.objects.filter(signal_id__in=signal_ids, state__in=[*TERMINAL])
    found = [answer_of(row) for row in over.select_related("position")]
    return [answer for answer in found if answer.ended]


def ended_shadows(signal_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Which of these signals in shadow are followed no more, and why."""
    if not signal_ids:
        return []
    trades = ShadowTrade.objects.filter(signal_id__in=signal_ids)
    known = {row.signal_id: row for row in trades}
    found = [
        (row.signal_id or "", row.exit_reason)
        for row in trades
        if row.state != ShadowTrade.State.OPEN
    ]
    # Without a quote within its seconds it was never begun.
    late = clock.now() - _SHADOW_PATIENCE
    lost = OrderIntent.objects.filter(signal_id__in=signal_ids, created_at__lt=late)
    unseen = lost.values_list("signal_id", flat=True)
    return found + [(signal_id, "NO_QUOTE") for signal_id in unseen if signal_id not in known]


def _exit_code(position: Position, *, ended: bool) -> str:
    """Why a trade ended; one that was stopped in part was stopped, whatever sold the rest."""
    code = str(position.exit_reason)
    if not ended or code in _STOPS:
        return code
    stops = Order.objects.filter(intent_id=position.intent_id, role=orders.Role.STOP, filled__gt=0)
    return str(orders.ExitReason.STOP) if stops.exists() else code


def answer_of(intent: OrderIntent) -> Answer:
    """What one intent's end, and its trade's, mean to the signal (DOMAIN 5.12)."""
    position = getattr(intent, "position", None)
    if position is not None:
        partial = position.quantity_total < (intent.quantity or 0)
        said = Acknowledgement.PARTIAL if partial else Acknowledgement.FILLED
        ended = position.state in ("CLOSED", "SETTLED")
        return Answer(intent.signal_id, intent.pk, said, _exit_code(position, ended=ended), ended)
    by_state = {
        "BLOCKED": Acknowledgement.RISK_REJECTED,
        "REJECTED": Acknowledgement.REJECTED,
        "EXPIRED": Acknowledgement.STALE,
        "CANCELLED": Acknowledgement.TIMEOUT,
    }
    said = by_state.get(intent.state, Acknowledgement.ERROR)
    by_code = {
        "SIGNAL_STALE": Acknowledgement.STALE,
        "NO_MARKET_DATA": Acknowledgement.NO_MARKET_DATA,
        "MODE_SHADOW": Acknowledgement.SHADOW,
    }
    return Answer(
        intent.signal_id, intent.pk, by_code.get(intent.denied_by, said), intent.denied_by, True
    )
