"""Alarms of execution: a row that names what and how bad, and a log line; once an incident."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from execution.models import OrderIntent, RiskEvent
from quanticity.config.loader import section
from quanticity.domain import calendar, clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.alarms]."""

    incident_gap_s: float
    note_every_s: float


class Severity(StrEnum):
    """Who has to look, and how soon."""

    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


_LEVEL = {Severity.HIGH: logging.ERROR, Severity.CRITICAL: logging.CRITICAL}


def raise_alarm(
    code: str, detail: str, severity: Severity, *, intent: OrderIntent | None = None
) -> bool:
    """Record and log; False while it is the same incident: said lately, and in this session."""
    now = clock.now()
    said = RiskEvent.objects.filter(intent=intent, code=code, value=detail[:120])
    last = said.order_by("at", "pk").last()
    if last is not None and _is_same(last, now):
        return False
    RiskEvent.objects.create(
        intent=intent, code=code, value=detail[:120], threshold=severity, at=now, seen_at=now
    )
    logger.log(_LEVEL[severity], "%s: %s", code, detail)
    return True


def _is_same(last: RiskEvent, now: datetime) -> bool:
    """Whether an alarm goes on; that it does is noted now and then."""
    seen_at = last.seen_at or last.at
    settings = section("execution.alarms", Settings)
    is_new = calendar.session_date(last.at) != calendar.session_date(now)
    if is_new or now - seen_at > timedelta(seconds=settings.incident_gap_s):
        return False
    if now - seen_at > timedelta(seconds=settings.note_every_s):
        RiskEvent.objects.filter(pk=last.pk).update(seen_at=now)
    return True
