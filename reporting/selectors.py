"""Reads for what is shown to operators and members; nothing is changed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from analytics.models import Source
from execution.models import Position
from publishing import selectors as publishing
from publishing import track_record
from publishing.models import Delivery
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.tiers import Tier
from reporting.measures import performance as measures
from reporting.measures import trades
from reporting.measures.achievable import Achieved, compute

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


def live_trades(now: datetime) -> QuerySet[Position]:
    """Executed trades of the live account: the only ones that a track record may contain.

    Each appears after its session's close, when even the last tier has been told of its end.
    """
    ended = ("CLOSED", "SETTLED")
    rows = Position.objects.filter(source=Source.LIVE, probe=False, state__in=ended)
    told = publishing.told_to_all(now).values("trade_id")
    return rows.filter(pk__in=told).order_by("-closed_at")


def achieved(source: str, now: datetime) -> dict[Tier, list[Achieved]]:
    """What each tier could have had of every closed trade, at the touch of its own release."""
    told = set(publishing.told_to_all(now).values_list("trade_id", flat=True))
    return {
        tier: [compute(one) for one in track_record.told(source, tier) if one.trade_id in told]
        for tier in Tier
    }


def trade_statistics(net_pnl_usd: Sequence[float]) -> dict[str, float | None]:
    """What a list of closed trades amounts to, under the names that posts use."""
    settings = section("reporting.performance", measures.Settings)
    found = trades.compute(net_pnl_usd, settings)
    return {
        "win_rate_low_frac": found.win_rate_low,
        "win_rate_high_frac": found.win_rate_high,
        "profit_factor": found.profit_factor,
    }


def _by_tier(rows: QuerySet[Delivery], **counts: Count) -> dict[str, Mapping[str, Any]]:
    return {row["tier"]: row for row in rows.order_by().values("tier").annotate(**counts)}


def _load(tier: Tier, row: Mapping[str, Any]) -> Load:
    numbers = (row.get(name, 0) for name in ("waiting", "late", "sent", "unwell"))
    return Load(tier, *numbers)
