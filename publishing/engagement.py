"""Engagement: what readers did with a post, read back on schedule (DOMAIN 7.10).

Counts serve reports and the choice of posting times, never the choice of which results to show.
Links in our own posts go through a redirect with the delivery's number; nothing is kept of who
followed one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum

from publishing import routes
from publishing.channels.twitter import Twitter
from publishing.models import Delivery, Engagement, Visit
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.errors import PermanentError, TemporaryError
from quanticity.domain.tiers import Tier
from quanticity.store import delivering as hot
from quanticity.store.client import StoreDown

COUNTS = ("impressions", "likes", "reposts", "replies")
SHOWN = (*COUNTS, "clicks", "signups")
NOT_OFFERED = "this channel does not count readers"
_AT_ONCE = 100
_GRACE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Settings:
    """The comments in defaults.toml say what each is for."""

    after_h: tuple[int, ...]
    signup_days: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What the deliveries of one channel and kind came to, by their latest counts."""

    channel: str
    kind: str
    sent: int
    counts: dict[str, int | None]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Every count as a page shows it; what is not known is a dash."""
        names = ((name, self.counts[name]) for name in SHOWN)
        return [(name, "—" if value is None else f"{value:,}") for name, value in names]


def note_click(delivery_id: int) -> bool:
    """Count a visit through a post's link; False when there is no such post."""
    if not Delivery.objects.filter(pk=delivery_id, state=Delivery.State.SENT).exists():
        return False
    Visit.objects.create(delivery_id=delivery_id, kind=Visit.Kind.CLICK, at=clock.now())
    return True


def note_signup(delivery_id: int) -> None:
    """Count an account that was opened after a click, within its days."""
    since = clock.now() - timedelta(days=_numbers().signup_days)
    if Delivery.objects.filter(pk=delivery_id, sent_at__gte=since).exists():
        Visit.objects.create(delivery_id=delivery_id, kind=Visit.Kind.SIGNUP, at=clock.now())


def fetch_owed() -> int:
    """Read back what is due, each age of each delivery once; return how many rows were written."""
    return sum(_fetch(after_h, _owed(after_h)) for after_h in _numbers().after_h)


def tallies() -> list[Tally]:
    """Sent posts and what they came to, by channel and kind."""
    sent = Delivery.objects.filter(state=Delivery.State.SENT).order_by("channel")
    groups = sent.values("channel", "announcement__kind").annotate(n=Count("pk"))
    return [_tally(dict(row)) for row in groups.order_by("channel", "announcement__kind")]


def _owed(after_h: int) -> list[Delivery]:
    now = clock.now()
    read = Engagement.objects.filter(delivery=OuterRef("pk"), after_h=after_h)
    rows = Delivery.objects.filter(
        ~Exists(read),
        state=Delivery.State.SENT,
        sent_at__lte=now - timedelta(hours=after_h),
        sent_at__gte=now - timedelta(hours=after_h) - _GRACE,
        due_at__gte=now - timedelta(hours=after_h) - 2 * _GRACE,
    ).exclude(channel__in=(routes.WEB, "console"))
    return list(rows.exclude(channel__startswith=routes.ENDPOINT).order_by("pk")[:_AT_ONCE])


def _fetch(after_h: int, rows: list[Delivery]) -> int:
    posts = [row for row in rows if row.channel == Twitter.name]
    try:
        counted = _ask(posts) if posts else {}
    except TemporaryError:
        rows = [row for row in rows if row not in posts]  # asked again at the next look
        counted = {}
    except PermanentError as error:
        return _keep(after_h, rows, {}, str(error))
    return _keep(after_h, rows, counted, NOT_OFFERED)


def _ask(posts: Iterable[Delivery]) -> dict[str, dict[str, int]]:
    channel = routes.channel(Twitter.name, Tier.FREE)
    ids = [row.receipt for row in posts if row.receipt]
    return channel.metrics(ids) if isinstance(channel, Twitter) and ids else {}


def _keep(after_h: int, rows: list[Delivery], counted: dict[str, Any], reason: str) -> int:
    for row in rows:
        found = counted.get(row.receipt, {})
        counts = {name: found.get(name) for name in COUNTS} | _visits(row)
        Engagement.objects.get_or_create(
            delivery=row,
            after_h=after_h,
            defaults={**counts, "fetched_at": clock.now(), "reason": "" if found else reason[:200]},
        )
        _show(row, counts)
    return len(rows)


def _visits(row: Delivery) -> dict[str, int]:
    counted = row.visits.aggregate(
        clicks=Count("pk", Q(kind=Visit.Kind.CLICK)), signups=Count("pk", Q(kind=Visit.Kind.SIGNUP))
    )
    return {name: int(value or 0) for name, value in counted.items()}


def _show(row: Delivery, counts: dict[str, int | None]) -> None:
    try:
        hot.write_engagement(row.channel, row.pk, counts, clock.now())
    except StoreDown:
        return  # the rows are the truth


def _tally(group: dict[str, Any]) -> Tally:
    own = {"delivery__channel": group["channel"]}
    rows = Engagement.objects.filter(
        **own, delivery__announcement__kind=group["announcement__kind"]
    )
    # The oldest look at a delivery holds what the younger ones counted.
    older = Engagement.objects.filter(
        delivery=OuterRef("delivery"), after_h__gt=OuterRef("after_h")
    )
    latest = rows.filter(~Exists(older))
    sums = latest.aggregate(**{name: Sum(name) for name in SHOWN})
    return Tally(group["channel"], group["announcement__kind"], group["n"], sums)


def _numbers() -> Settings:
    found: Settings = section("publishing.engagement", Settings)
    return found
