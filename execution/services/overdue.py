"""What the broker owes us an answer to, and for how long: said aloud once (DOMAIN 6.2, 6.11)."""

from datetime import timedelta

from execution import selectors
from execution.ledger import commissions
from execution.models import Commission, Fill, Order
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import clock

_LOOKED_BACK = timedelta(days=1)  # older executions are the statement's


def look() -> None:
    """Raise what has been in doubt, or without a cost, for too long."""
    for row in Order.objects.filter(
        state=Order.State.UNKNOWN, unknown_since_at__lt=clock.now() - selectors.unknown_patience()
    ).select_related("intent"):
        raise_alarm("ORDER_UNKNOWN", row.pk, Severity.HIGH, intent=row.intent)
    # Two orders of ours answer to one number: nobody can call this one back from here.
    for row in Order.objects.filter(
        state=Order.State.WORKING, cancel_wanted_at__isnull=False, order_id=None
    ).select_related("intent"):
        raise_alarm("NO_ORDER_ID", row.pk, Severity.CRITICAL, intent=row.intent)
    costs = section("execution.commissions", commissions.Settings)
    late = clock.now() - timedelta(seconds=costs.pending_alarm_s)
    known = Commission.objects.filter(status=Commission.Status.OK).values("pk")
    recent = Fill.objects.filter(recorded_at__gt=late - _LOOKED_BACK, recorded_at__lt=late)
    for exec_id in recent.exclude(quantity=0).exclude(pk__in=known).values_list("pk", flat=True):
        raise_alarm("COMMISSION_PENDING", exec_id, Severity.HIGH)
