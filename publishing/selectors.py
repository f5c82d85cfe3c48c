"""What publishing may be asked: each tier's released trades, and how deliveries are doing.

`visible_to` and `feed` are the only reads for pages, API and socket: the tier and its release
time are in the query, and what comes out has been through the entitlement table.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from publishing import outbox, routes, tiers
from publishing.models import Announcement, Delivery, Receipt
from quanticity.domain.readings import instant
from quanticity.domain.tiers import Tier

_RECENT = 1_000
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


def has_unsent() -> bool:
    """Say whether a delivery has not come to its end."""
    return Delivery.objects.exclude(state__in=outbox.FINISHED).exists()


def receipts_export() -> list[dict[str, Any]]:
    """The whole ledger, oldest first, as `verify_receipts` reads it."""
    names = ("seq", "kind", "at", "trade_id", "body", "prev_hash", "hash")
    return [dict(row) for row in Receipt.objects.order_by("seq").values(*names)]


def announcement(trade_id: str, seq: int) -> Announcement | None:
    """One event of one trade."""
    return Announcement.objects.filter(trade_id=trade_id, seq=seq).first()


def _released(tier: Tier, now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        outbox.released(now),
        channel=routes.WEB,
        tier=tier,
        announcement__source=settings.TRADING_MODE,
        announcement__withheld=False,
    ).select_related("announcement")


def _item(row: Delivery, tier: Tier) -> FeedItem:
    told = row.announcement
    return FeedItem(
        announcement_id=told.pk,
        seq=row.feed_seq,
        kind=told.kind,
        symbol=told.symbol,
        released_at=row.due_at,
        data=facts_for(row, tier),
    )


def _late_p99() -> float | None:
    sent = Delivery.objects.filter(state=Delivery.State.SENT).order_by("-sent_at")
    late = sorted(
        (sent_at - due_at).total_seconds()
        for sent_at, due_at in sent.values_list("sent_at", "due_at")[:_RECENT]
        if sent_at is not None
    )
    return late[min(int(len(late) * _P99), len(late) - 1)] if late else None
