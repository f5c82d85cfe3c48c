"""What publishing may be asked: each tier's released trades, and how deliveries are doing.

`visible_to` and `feed` are the only reads for pages, API and socket: the tier and its release
time are in the query, and what comes out has been through the entitlement table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Q, QuerySet

from publishing import outbox, routes, tiers
from publishing.messages import writing
from publishing.models import Announcement, Delivery, Route
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.readings import instant
from quanticity.domain.tiers import Tier

_RECENT, _SHOWN = 1_000, 10
_WEEK = timedelta(days=7)
_P99 = 0.99


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One event as one tier may see it; `seq` is its gapless place in that tier's feed."""

    announcement_id: int
    seq: int | None
    kind: str
    symbol: str
    released_at: datetime
    data: dict[str, Any]
    lines: tuple[tuple[str, str], ...] = ()  # a post as it is written; a trade is facts


@dataclass(frozen=True, slots=True)
class Health:
    """How deliveries are doing: owed is due and unsent; lateness is None before the first."""

    owed: int
    waiting: int
    oldest_owed_s: float | None
    late_p99_s: float | None
    dead: int
    ambiguous: int
    sent: int


def visible_to(
    tier: Tier, now: datetime, *, public: bool = False, limit: int = 100
) -> list[FeedItem]:
    """What a tier may see at this moment, newest first; `public` leaves rehearsals out."""
    rows = _released(tier, now).order_by("-due_at", "-pk")
    if public:
        rows = rows.filter(announcement__probe=False)
    return [_item(row, tier) for row in rows[:limit]]


def feed(tier: Tier, after_seq: int, limit: int, now: datetime) -> list[FeedItem]:
    """The next events of a tier's feed after a place in it, oldest first."""
    rows = _released(tier, now).filter(feed_seq__gt=after_seq).order_by("feed_seq")
    return [_item(row, tier) for row in rows[:limit]]


def newest_seq(tier: Tier, now: datetime) -> int:
    """The last place in a tier's feed; 0 before its first event."""
    last = _released(tier, now).aggregate(last=Max("feed_seq"))["last"]
    return last or 0


def facts_for(
    row: Delivery, tier: Tier, *, late_by_s: float | None = None, withheld: bool = False
) -> dict[str, Any]:
    """The facts of one event that a tier may see, with the mid at its own release."""
    told = row.announcement
    facts = {
        **told.facts,
        "kind": told.kind,
        "seq": told.seq,
        "event_at": instant(told.clock_at),
        "source": told.source,
        "probe": told.probe,
        "receipt": told.receipt,
        "price_now": None if row.price_now is None else str(row.price_now),
        "delay_s": (row.due_at - told.clock_at).total_seconds(),
        "late_by_s": late_by_s,
        "withheld": withheld,
        "upgrade": tier is not Tier.PREMIUM,
    }
    return tiers.visible(facts, told.kind, tier)


def health(now: datetime) -> Health:
    """How deliveries are doing at this moment."""
    state = Delivery.State
    unsent = Delivery.objects.filter(state__in=(state.PENDING, state.CLAIMED, state.SENDING))
    owed = unsent.filter(due_at__lte=now)
    oldest = owed.order_by("due_at").values_list("due_at", flat=True).first()
    count = Delivery.objects.filter
    return Health(
        owed=owed.count(),
        waiting=unsent.filter(due_at__gt=now).count(),
        oldest_owed_s=None if oldest is None else (now - oldest).total_seconds(),
        late_p99_s=_late_p99(),
        dead=count(state=state.DEAD).count(),
        ambiguous=count(ambiguous=True).count(),
        sent=count(state=state.SENT).count(),
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about deliveries that only an operator can mend, and where it is mended."""

    since: datetime
    what: str
    where: str
    detail: str
    page: str  # of the admin


def troubles(now: datetime) -> list[Trouble]:
    """Refused credentials, dead letters and open doubts of this week, posts that wait for a yes."""
    routes_off = Route.objects.exclude(revoked_at=None).order_by("revoked_at")
    found = [
        Trouble(row.revoked_at, "Channel off", str(row), row.reason, "route_changelist")
        for row in routes_off
        if row.revoked_at is not None
    ]
    state = Delivery.State
    wanted = {
        "Dead letter": Q(state=state.DEAD),
        "Sent or not, nobody knows": Q(state=state.AMBIGUOUS),
        "Post to approve": Q(state=state.PENDING, held=True),
    }
    recent = Delivery.objects.filter(due_at__gt=now - _WEEK).select_related("announcement")
    for what, which in wanted.items():
        for row in recent.filter(which).order_by("priority", "due_at")[:_SHOWN]:
            where = f"{row.channel}/{row.tier} {row.announcement}"
            found.append(Trouble(row.due_at, what, where, row.error, "delivery_changelist"))
    return found


def told_to_all(now: datetime) -> QuerySet[Announcement]:
    """The ends of trades that even the last tier has been told of, in sessions that are over."""
    numbers: tiers.Settings = section("publishing.tiers", tiers.Settings)
    waited = now - timedelta(seconds=max(numbers.delay_s.values()))
    session = calendar.session(calendar.session_date(now))
    opened = calendar.previous_session(session.date).close_at + calendar.AFTER_HOURS
    over = waited if now >= session.close_at else min(waited, opened)
    return Announcement.objects.filter(kind__in=("EXIT", "EXPIRY"), clock_at__lte=over)


def has_unsent() -> bool:
    """Say whether a delivery has not come to its end."""
    return Delivery.objects.exclude(state__in=outbox.FINISHED).exists()


def announcement(trade_id: str, seq: int) -> Announcement | None:
    """One event of one trade."""
    return Announcement.objects.filter(trade_id=trade_id, seq=seq).first()


def _released(tier: Tier, now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        outbox.released(outbox.no_later_than_database(now)),
        channel=routes.WEB,
        tier=tier,
        announcement__source=settings.TRADING_MODE,
        announcement__withheld=False,
    ).select_related("announcement")


def _item(row: Delivery, tier: Tier) -> FeedItem:
    told, facts = row.announcement, facts_for(row, tier)
    is_post = told.kind in tiers.POSTS or told.kind == "NOTICE"
    written = writing.render(facts, tier).fields if is_post else ()
    return FeedItem(
        announcement_id=told.pk,
        seq=row.feed_seq,
        kind=told.kind,
        symbol=told.symbol,
        released_at=row.due_at,
        data=facts,
        lines=tuple((field.name, field.value.replace("\n", " · ")) for field in written),
    )


def _late_p99() -> float | None:
    sent = Delivery.objects.filter(state=Delivery.State.SENT).order_by("-sent_at")
    late = sorted(
        (sent_at - due_at).total_seconds()
        for sent_at, due_at in sent.values_list("sent_at", "due_at")[:_RECENT]
        if sent_at is not None
    )
    return late[min(int(len(late) * _P99), len(late) - 1)] if late else None
