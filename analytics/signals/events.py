"""Scheduled events around which nothing is entered (DOMAIN 5.9).

Releases for the whole market keep the strategies that live on minutes away for some minutes around
them; a company's results keep those that hold over nights away from contracts that expire later.
"""

from datetime import date, datetime, timedelta

from analytics.models import ScheduledEvent
from analytics.signals.dedup import Settings
from quanticity.domain import calendar
from quanticity.domain.signals import Gate, Strategy

_KIND = ScheduledEvent.Kind
_RELEASES = (_KIND.FOMC, _KIND.CPI, _KIND.NFP)


def release_near(at: datetime, settings: Settings) -> str | None:
    """The release for the whole market that is near, None when none is."""
    near = ScheduledEvent.objects.filter(
        kind__in=_RELEASES,
        at__gt=at - timedelta(seconds=settings.event_after_s),
        at__lte=at + timedelta(seconds=settings.event_before_s),
    ).first()
    return None if near is None else str(near)


def release_gate(strategy: Strategy, near: str | None, settings: Settings) -> Gate:
    """Refuse while a release for the whole market is near."""
    if strategy not in settings.event_strategies:
        return Gate("EVENT_BLACKOUT", None, None, passed=True)
    limits = (-settings.event_before_s, settings.event_after_s)
    return Gate("EVENT_BLACKOUT", near, limits, near is None)


def earnings_gate(
    strategy: Strategy, symbol: str, expiry: date, at: datetime, settings: Settings
) -> Gate:
    """Refuse a contract that lives to see its company's results."""
    if strategy not in settings.earnings_strategies:
        return Gate("EARNINGS_BLACKOUT", None, None, passed=True)
    ends_at = calendar.session(expiry).close_at
    reports = ScheduledEvent.objects.filter(
        kind=_KIND.EARNINGS, symbol=symbol, at__gt=at, at__lte=ends_at
    ).first()
    return Gate(
        "EARNINGS_BLACKOUT", None if reports is None else str(reports), expiry, reports is None
    )
