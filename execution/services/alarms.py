"""Alarms of execution: a row that names what and how bad, and a log line; once a session."""

import logging
from enum import StrEnum

from execution.models import OrderIntent, RiskEvent
from quanticity.domain import calendar, clock

logger = logging.getLogger(__name__)


class Severity(StrEnum):
    """Who has to look, and how soon."""

    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


_LEVEL = {Severity.HIGH: logging.ERROR, Severity.CRITICAL: logging.CRITICAL}


def raise_alarm(
    code: str, detail: str, severity: Severity, *, intent: OrderIntent | None = None
) -> bool:
    """Record and log; False when the same thing has been said in this session."""
    now = clock.now()
    said = RiskEvent.objects.filter(intent=intent, code=code, value=detail[:120])
    last = said.order_by("at").last()
    if last is not None and calendar.session_date(last.at) == calendar.session_date(now):
        return False
    RiskEvent.objects.create(
        intent=intent, code=code, value=detail[:120], threshold=severity, at=now
    )
    logger.log(_LEVEL[severity], "%s: %s", code, detail)
    return True
