"""Outages: those who follow our trades hear when the broker is out of reach, and of its end (7.1).

The last notice says where we stand; the counter's row puts two looks at once in order.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from execution.models import DeskVersion, Notice
from execution.services import breaker_facts
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.clock import NEW_YORK

_LOCK = "outages"
BEGUN, OVER = "OUTAGE", "OUTAGE_OVER"


def tell(now: datetime) -> None:
    """Tell of an outage that lasts in regular hours, or that the last one is over; each once."""
    most_s = section("execution.watching", breaker_facts.Settings).outage_notice_s
    link = breaker_facts.known_link()
    if link is None:
        return
    # Silent data and a broken farm are no outage: orders go and fills come.
    if link.get("has_orders", link.get("state") == "CONNECTED"):
        if _last() == BEGUN:
            _tell(OVER, now, f"The broker has been back since {_et(now)}.")
        return
    since, session = datetime.fromisoformat(link["since_at"]), calendar.current(now)
    if session is None or _last() == BEGUN:
        return
    if now - max(since, session.open_at) > timedelta(seconds=most_s):
        _tell(
            BEGUN, now,
            f"The broker has been out of reach since {_et(since)}. No new entries; stops that "
            "stand at the broker go on standing. Messages of trades may come late.",
        )  # fmt: skip


def _last() -> str:
    rows = Notice.objects.filter(kind__in=(BEGUN, OVER), source=settings.TRADING_MODE)
    return rows.order_by("pk").values_list("kind", flat=True).last() or OVER


@transaction.atomic
def _tell(kind: str, now: datetime, text: str) -> None:
    DeskVersion.objects.get_or_create(pk=_LOCK)
    DeskVersion.objects.filter(pk=_LOCK).update(version=F("version") + 1)
    if _last() != kind:  # another look may have told of it meanwhile
        Notice.objects.create(kind=kind, at=now, source=settings.TRADING_MODE, text=text)


def _et(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%I:%M %p ET}".lstrip("0")
