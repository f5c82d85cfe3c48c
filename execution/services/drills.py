"""The weekly drill of the kill switch on paper: an operator's act that nobody forgets (6.16).

`flatten` closes what paper strategies hold and leaves trading halted until somebody releases it, so
no timetable may do it. It counts when the broker's snapshot showed that nothing was left.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from execution.models import SessionResult
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.drills]."""

    flatten_days: float


def remind() -> None:
    """Tell operators of a paper account, once a session, that the kill switch is to be tried."""
    if settings.TRADING_MODE != "paper":
        return
    drilled = AuditEntry.objects.filter(action="flatten", reason="flat").first()
    began = SessionResult.objects.order_by("at").first()
    since = drilled.at if drilled is not None else began.at if began is not None else None
    due = timedelta(days=section("execution.drills", Settings).flatten_days)
    # Whole session dates: a drill at eleven is due again on that day a week later.
    today = calendar.session_date(clock.now())
    if since is None or today - calendar.session_date(since) < due:
        return
    last = "never" if drilled is None else f"on {calendar.session_date(since)}"
    detail = f"last {last}: in market hours `probe_trade`, `flatten --reason drill`, then resume"
    raise_alarm("DRILL_DUE", detail, Severity.HIGH)
