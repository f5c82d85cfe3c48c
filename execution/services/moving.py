"""Changes of state: one conditional UPDATE from the state expected, and one row that says so (6.2).

Nobody else writes the state of an intent or a position. What the table forbids is not written: it
is an alarm, for it is our own mistake.
"""

from typing import Any

from django.db import models, transaction

from execution.models import OrderEvent, OrderIntent, Position
from execution.orders.lifecycle import Move, judge_intent, judge_position
from execution.services.alarms import Severity, raise_alarm
from quanticity.domain import clock
from quanticity.domain.errors import TemporaryError


def move_intent(row: OrderIntent, before: str, after: str, **changes: Any) -> bool:
    """Take an intent on; False when it is not in the state expected: somebody else took it on."""
    verdict = judge_intent(before, after)
    if verdict is Move.ILLEGAL:
        raise_alarm("ILLEGAL_MOVE", f"{before} to {after}", Severity.CRITICAL, intent=row)
        return False
    return _move("intent", row, before, after, verdict, changes)


def move_position(row: Position, after: str, **changes: Any) -> None:
    """Take a position on from the state it was read in; raise when somebody else has meanwhile."""
    before = row.state
    if before == after:
        return
    verdict = judge_position(before, after)
    if verdict is Move.ILLEGAL:
        detail = f"{row.pk}: {before} to {after}"
        raise_alarm("ILLEGAL_MOVE", detail, Severity.CRITICAL, intent=row.intent)
    elif not _move("position", row, before, after, verdict, changes):
        raise TemporaryError(f"{row.pk} is no longer {before}: {after} was not written")


def _move(
    kind: str, row: models.Model, before: str, after: str, verdict: Move, changes: dict[str, Any]
) -> bool:
    with transaction.atomic(savepoint=False):
        same = type(row)._default_manager.filter(pk=row.pk, state=before)  # noqa: SLF001
        if not same.update(state=after, **changes):
            return False
        for name, value in (("state", after), *changes.items()):
            setattr(row, name, value)
        OrderEvent.objects.create(
            order_ref=row.pk, kind=kind, at=clock.now(),
            body={"before": before, "after": after, "is": verdict},
        )  # fmt: skip
    return True
