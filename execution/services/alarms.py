"""Alarms of execution: a row that names what and how bad, and a log line; once per subject."""

import logging
from enum import StrEnum

from execution.models import OrderIntent, RiskEvent
from quanticity.domain import clock

logger = logging.getLogger(__name__)


class Severity(StrEnum):
    """Who has to look, and how soon."""

    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


_LEVEL = {Severity.HIGH: logging.ERROR, Severity.CRITICAL: logging.CRITICAL}


def raise_alarm(
    code: str, detail: str, severity: Severity, *, intent: OrderIntent | None = None
) -> bool:
    """Record and log; False when the same thing has been said before."""
    said = RiskEvent.objects.filter(intent=intent, code=code, value=detail[:120])
    if said.exists():
        return False
    RiskEvent.objects.create(
        intent=intent, code=code, value=detail[:120], threshold=severity, at=clock.now()
    )
    logger.log(_LEVEL[severity], "%s: %s", code, detail)
    return True
