"""Reads for what is shown to operators and members; nothing is changed here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from analytics.models import Source
from execution.models import Position
from publishing.models import Delivery
from quanticity.domain import calendar
from quanticity.domain.tiers import Tier

State = Delivery.State
OWED = (State.PENDING, State.CLAIMED, State.SENDING)
UNWELL = (State.DEAD, State.EXPIRED, State.AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class Load:
    """Deliveries of one tier: waiting for their time, late, and what became of the session's."""

    tier: Tier
    waiting: int
    late: int
    sent: int
    unwell: int


def loads(now: datetime) -> list[Load]:
    """What is owed, and what became of this session's, by tier."""
    opened_at = calendar.session(calendar.session_date(now)).open_at
    # Two questions, each on the index of state and due time; one with OR would read every row.
    owed = _by_tier(
        Delivery.objects.filter(state__in=OWED),
        waiting=Count("pk", Q(due_at__gt=now)),
        late=Count("pk", Q(due_at__lte=now)),
    )
    done = _by_tier(
        Delivery.objects.filter(state__in=(State.SENT, *UNWELL), due_at__gte=opened_at),
        sent=Count("pk", Q(state=State.SENT)),
        unwell=Count("pk", Q(state__in=UNWELL)),
    )
    return [_load(tier, {**owed.get(tier, {}), **done.get(tier, {})}) for tier in Tier]


def recent_deliveries(count: int) -> QuerySet[Delivery]:
    """The deliveries made last."""
    return Delivery.objects.order_by("-pk").select_related("announcement")[:count]


def live_trades() -> QuerySet[Position]:
    """Executed trades of the live account: the only ones that a track record may contain."""
    ended = ("CLOSED", "SETTLED")
    rows = Position.objects.filter(source=Source.LIVE, probe=False, state__in=ended)
    return rows.order_by("-closed_at")


def _by_tier(rows: QuerySet[Delivery], **counts: Count) -> dict[str, Mapping[str, Any]]:
    return {row["tier"]: row for row in rows.order_by().values("tier").annotate(**counts)}


def _load(tier: Tier, row: Mapping[str, Any]) -> Load:
    numbers = (row.get(name, 0) for name in ("waiting", "late", "sent", "unwell"))
    return Load(tier, *numbers)
