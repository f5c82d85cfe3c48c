"""The outbox: what is due, who holds it, and what became of it (DOMAIN 7.2, RELIABILITY 4.1).

PENDING ─► CLAIMED ─► SENDING ─► SENT
   ▲          │           ├────► PENDING    a failure that may pass, or a doubt that is repeated
   └──lease───┘           ├────► DEAD       it cannot succeed, or failed too often
 over, or its holder      └────► AMBIGUOUS  in doubt, and not to be repeated
 gone: nothing was sent
              └────► EXPIRED                too late to be useful

Every move is one conditional UPDATE by state and by the attempt that holds the row, so that a
worker that was asleep past its lease moves nothing. SENDING is committed before the call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import count
from operator import or_
from typing import Any

from django.conf import settings as django_settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from publishing import holders
from publishing.models import Delivery
from quanticity.config.loader import section
from quanticity.domain import clock

State = Delivery.State
FINISHED = (State.SENT, State.DEAD, State.EXPIRED, State.AMBIGUOUS)
_claims = count(1)
HINT_AGAIN_S = 5.0  # a row that was named and not taken is named again after so many real seconds


@dataclass(frozen=True, slots=True)
class Settings:
    """The comments in defaults.toml say what each is for."""

    claim_lease_s: float
    lease_s: float
    retry_s: tuple[float, ...]
    tries: int
    final_tries: int
    wait_cap_s: float
    batch: int
    claim_batch: int
    listen_s: float
    poll_s: float
    jitter_frac: float
    max_skew_s: float
    mid_max_age_s: float


def settings() -> Settings:
    """The numbers in force."""
    found: Settings = section("publishing.outbox", Settings)
    return found


def in_real_seconds(now: datetime, seconds: float) -> datetime:
    """The platform instant so many real seconds from now: providers and leases are not scaled."""
    return now + timedelta(seconds=seconds * clock.speed())


def on_wall_clock() -> bool:
    """True where the platform's time is the machine's, which somebody may set or skew."""
    return django_settings.TRADING_MODE not in ("sim", "replay")


def released(now: datetime) -> Q:
    """Rows whose time has come: by the clock and, on the machine that made them, by its uptime.

    Uptime is deaf to somebody setting the clock forward, which would tell the free tier early.
    """
    due = Q(due_at__lte=now)
    if not on_wall_clock() or not holders.boot_id():
        return due
    return due & (~Q(boot_id=holders.boot_id()) | Q(boot_due_s__lte=clock.boot_seconds()))


def free_to_take(now: datetime) -> Q:
    """Rows that nobody holds: waiting, or claimed by a worker that has not been seen since."""
    idle = Q(state=State.PENDING) | Q(state=State.CLAIMED, lease_until__lte=now)
    return idle & (Q(not_before_at=None) | Q(not_before_at__lte=now)) & Q(held=False)


def in_order(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Rows before which the same trade has nothing left to tell this tier on this channel."""
    earlier = Delivery.objects.filter(
        announcement__trade_id=OuterRef("announcement__trade_id"),
        announcement__seq__lt=OuterRef("announcement__seq"),
        tier=OuterRef("tier"),
        channel=OuterRef("channel"),
    ).exclude(state__in=FINISHED)
    return rows.filter(~Exists(earlier))


def unhinted(now: datetime) -> Q:
    """Rows that no sweep has named lately: a backlog is not named again every second."""
    again = in_real_seconds(now, -HINT_AGAIN_S)
    return Q(hinted_at=None) | Q(hinted_at__lte=again)


def claim(delivery_id: int, now: datetime) -> Delivery | None:
    """Take a delivery for ourselves, or return None: not due, not in order, or somebody's."""
    due = Delivery.objects.filter(released(now), free_to_take(now), pk=delivery_id)
    row = in_order(due).select_related("announcement").first()
    if row is None:
        return None
    # The UPDATE that decides the race names only columns of its own row (a subquery would be
    # judged by an old snapshot), and the number of the attempt is both its condition and our fence.
    return row if _take([row], now, holders.me()) else None


def claim_some(
    channel: str, tier: str, now: datetime, limit: int, before: int | None = None
) -> list[Delivery]:
    """Take up to so many of one route's deliveries at once, the most urgent first."""
    return take(owed(channel, tier, now, limit, before), now)


def owed(
    channel: str, tier: str, now: datetime, limit: int, before: int | None = None
) -> list[Delivery]:
    """What one route may take now, the most urgent first, as it is read; nobody's yet.

    `before`: only what is more urgent than this priority.
    """
    due = Delivery.objects.filter(released(now), free_to_take(now), channel=channel, tier=tier)
    due = due if before is None else due.filter(priority__lt=before)
    urgent = in_order(due).order_by("priority", "due_at", "pk")[:limit]
    return list(urgent.select_related("announcement"))


def take(read: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Claim these rows as they were read; those of them that are ours now."""
    rows = {row.pk: row for row in read}
    if not rows:
        return []
    ours = f"{holders.me()}#{next(_claims)}"
    if _take(list(rows.values()), now, ours) == len(rows):
        return list(rows.values())
    # Somebody was faster with some of them: whose claim it was is read back.
    taken = Delivery.objects.filter(pk__in=rows, claimed_by=ours, state=State.CLAIMED)
    mine = set(taken.values_list("pk", flat=True))
    return [row for pk, row in rows.items() if pk in mine]


def _take(rows: Sequence[Delivery], now: datetime, holder: str) -> int:
    """Claim these rows as they were read; how many are ours, in one UPDATE that decides."""
    as_read = reduce(or_, (Q(pk=row.pk, attempts=row.attempts) for row in rows))
    taken = Delivery.objects.filter(as_read, released(now), free_to_take(now)).update(
        state=State.CLAIMED,
        attempts=F("attempts") + 1,
        claimed_by=holder,
        lease_until=in_real_seconds(now, settings().claim_lease_s),
    )
    for row in rows:
        row.state, row.attempts = State.CLAIMED, row.attempts + 1
    return taken


def give_back(rows: Sequence[Delivery]) -> None:
    """Let others have what we claimed and did not begin."""
    for row in rows:
        move(row, to=State.PENDING, claimed_by="", lease_until=None)


def due_routes(now: datetime) -> set[tuple[str, str]]:
    """Routes with something due that nobody holds."""
    rows = Delivery.objects.filter(released(now), free_to_take(now)).order_by()
    return set(rows.values_list("channel", "tier").distinct())


def next_due(now: datetime) -> datetime | None:
    """When the next delivery falls due, or a retry's wait is over."""
    waiting = Delivery.objects.filter(state=State.PENDING, held=False)
    found = (
        waiting.filter(due_at__gt=now).order_by("due_at").values_list("due_at", flat=True).first(),
        waiting.filter(not_before_at__gt=now)
        .order_by("not_before_at")
        .values_list("not_before_at", flat=True)
        .first(),
    )
    return min((at for at in found if at is not None), default=None)


def begin(delivery: Delivery, **changes: Any) -> bool:
    """Say that the call is about to be made; False when the row is no longer ours."""
    lease_until = in_real_seconds(clock.now(), settings().lease_s)
    return move(delivery, to=State.SENDING, lease_until=lease_until, **changes)


def move(delivery: Delivery, *, to: State, **changes: Any) -> bool:
    """Move a row that we hold; False when it is no longer ours."""
    moved = Delivery.objects.filter(
        pk=delivery.pk, state=delivery.state, attempts=delivery.attempts
    ).update(state=to, **changes)
    if moved:
        delivery.state = to
    return bool(moved)


def abandoned(now: datetime) -> list[Delivery]:
    """Rows whose worker vanished between the call and its answer."""
    rows = Delivery.objects.filter(state=State.SENDING)
    over = rows.filter(Q(lease_until__lte=now) | Q(claimed_by__in=_gone(State.SENDING)))
    return list(over.select_related("announcement"))


def free_what_the_dead_hold() -> int:
    """Let others have at once what a worker claimed that has ended since; how many rows."""
    gone = _gone(State.CLAIMED)
    held = Delivery.objects.filter(state=State.CLAIMED, claimed_by__in=gone)
    return held.update(state=State.PENDING, claimed_by="", lease_until=None) if gone else 0


def _gone(state: State) -> list[str]:
    held = Delivery.objects.filter(state=state).order_by()
    return [
        name
        for name in held.values_list("claimed_by", flat=True).distinct()
        if holders.is_gone(name)
    ]


def clock_skew_s() -> float:
    """How far the host's clock is from the database's; 0 where both are one machine's."""
    theirs = _database_now()
    return 0.0 if theirs is None else abs((clock.now() - theirs).total_seconds())


def no_later_than_database(now: datetime) -> datetime:
    """This instant, or the database's if that is earlier: a host may run ahead of it."""
    theirs = _database_now()
    return now if theirs is None else min(now, theirs)


def _database_now() -> datetime | None:
    if connection.vendor != "postgresql" or not on_wall_clock():
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    return None if row is None else row[0]
