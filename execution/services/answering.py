"""Unanswered signals that nobody works on: an alarm, once for each (DOMAIN 5.12)."""

from collections.abc import Sequence

from execution.models import OrderIntent
from execution.services.alarms import Severity, raise_alarm

CODE = "ACK_MISSING"
_BEFORE_ORDERS = ("NEW", "CHECKED", "SIZED")


def alarm_missing(signal_ids: Sequence[str]) -> int:
    """Say of which of these unanswered signals nobody works on; return how many are new."""
    if not signal_ids:
        return 0
    rows = OrderIntent.objects.filter(signal_id__in=signal_ids).select_related("approval")
    begun = {row.signal_id: row for row in rows}
    return sum(_alarm(signal_id, begun.get(signal_id)) for signal_id in signal_ids)


def _alarm(signal_id: str, intent: OrderIntent | None) -> bool:
    if intent is None:
        return raise_alarm(CODE, f"{signal_id}: execution never took it up", Severity.HIGH)
    # An order that works answers when it is over; an operator has a clock of his own.
    if intent.state not in _BEFORE_ORDERS or hasattr(intent, "approval"):
        return False
    detail = f"{signal_id}: stopped at {intent.state}"
    return raise_alarm(CODE, detail, Severity.HIGH, intent=intent)
