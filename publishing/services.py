"""What publishing does: tells of executed trades, each tier at its time, once.

`announce_owed` turns recorded events into announcements with one delivery per tier and channel;
`deliver` sends one of them if it is due, `deliver_route` whatever is due on one route;
`deliver_owed` settles doubts and names what nobody came for. All of them may run any number of
times, anywhere, at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from execution import selectors
from execution.holds import Notice
from execution.models import PositionEvent
from publishing import (
    announcing,
    delivering,
    draining,
    ledger,
    outbox,
    recording,
    routes,
    tiers,
    turns,
)
from publishing.models import Delivery
from publishing.posts import posting
from publishing.posts.reviews import Measure
from quanticity import audit
from quanticity.domain import clock
from quanticity.domain.tiers import Tier
from quanticity.rows import change

State = Delivery.State
_KEY = 16  # characters of a post's name: two notices of one second differ
_AT_ONCE = 50  # events that one transaction announces


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery that was made, and in how many real seconds it is due."""

    delivery_id: int
    countdown_s: float


def announce_owed(limit: int = _AT_ONCE) -> list[Owed]:
    """Turn recorded events into announcements and deliveries; return the new deliveries."""
    noticed = _announce_notices()
    if not selectors.has_owed_events():
        return noticed  # without taking the one write lock that SQLite has
    with turns.turn():
        ledger.lock()  # of several that heard of it, one announces it and the others see that
        events = selectors.owed_events(limit)
        # What happened before it stands before it in the ledger.
        recording.of_trades({event.position_id for event in events})
        made = announcing.announce(events)
        PositionEvent.objects.filter(pk__in=[event.pk for event in events]).update(announced=True)
    return noticed + _owed(made)


def deliver(delivery_id: int) -> State | None:
    """Send one delivery; its new state, or None when there was nothing for us to do now."""
    now = clock.now()
    route = Delivery.objects.filter(pk=delivery_id).values_list("channel", "tier").first()
    if route is None or not routes.is_usable(route, now) or not _clocks_agree():
        return None
    row = outbox.claim(delivery_id, now)
    return None if row is None else delivering.finish(row, now)


def deliver_route(key: routes.Key) -> int:
    """Send what is due on one route, as much as it may take now; return how many were tried."""
    now = clock.now()
    if not routes.is_usable(key, now) or not _clocks_agree():
        return 0
    room = routes.room(key, outbox.settings().claim_batch)
    # Marketing never takes the last of a budget: an exit may come in.
    least = tiers.MARKETING if room <= routes.numbers().spare_posts else None
    return draining.send(key, outbox.owed(*key, now, room, least)) if room else 0


def deliver_due() -> int:
    """Send everything that is due, route after route (without a relay: a drill, a test)."""
    sent = 0
    for key in sorted(outbox.due_routes(clock.now())):
        while tried := deliver_route(key):
            sent += tried
    return sent


def deliver_owed() -> list[int]:
    """Settle doubts; name the deliveries that are due and nobody's, the most urgent first."""
    now = clock.now()
    take_over()
    _drop_what_was_never_approved()
    usable = Q(pk__in=[])
    for channel, tier in routes.usable(now):
        usable |= Q(channel=channel, tier=tier)
    rows = Delivery.objects.filter(
        usable, outbox.released(now), outbox.free_to_take(now), outbox.unhinted(now)
    )
    urgent = outbox.in_order(rows).order_by("priority", "due_at", "pk")[: outbox.settings().batch]
    ranks = {str(tier): rank for rank, tier in enumerate(Tier)}
    named = [d.pk for d in sorted(urgent, key=lambda d: (d.priority, ranks[d.tier]))]
    if named:
        Delivery.objects.filter(pk__in=named).update(hinted_at=now)
    return named


def take_over() -> None:
    """Take up what workers held that have vanished."""
    now = clock.now()
    outbox.free_what_the_dead_hold()
    for row in outbox.abandoned(now):
        # No service asked us to wait.
        delivering.settle_doubt(row, now, "the worker vanished during the call", wait_s=0.0)


def redrivable(delivery_ids: Sequence[int]) -> QuerySet[Delivery]:
    """Which of these a redrive would send again: the dead and the doubtful."""
    rows = Delivery.objects.filter(pk__in=delivery_ids, state__in=(State.DEAD, State.AMBIGUOUS))
    return rows.select_related("announcement").order_by("due_at", "pk")


def redrive(delivery_ids: Sequence[int], *, actor: str, reason: str) -> list[int]:
    """Give dead or doubtful deliveries another life; due time, token and place stay as they are."""
    again = redrivable(delivery_ids)
    with transaction.atomic():
        revived = list(again.values_list("pk", flat=True))
        again.filter(pk__in=revived).update(
            state=State.PENDING, failures=0, not_before_at=None, hinted_at=None
        )
        audit.record(actor, "redrive", f"{len(revived)} deliveries", reason=reason, after=revived)
    return revived


def reopen_route(channel: str, tier: Tier, *, actor: str, reason: str) -> None:
    """Use a channel again that had refused our credential."""
    routes.reopen((channel, str(tier)))
    audit.record(actor, "reopen_route", f"{channel}/{tier}", reason=reason)


def approve(delivery_ids: Sequence[int], *, actor: str) -> int:
    """Let posts go out that waited for it."""
    waiting = Delivery.objects.filter(pk__in=delivery_ids, held=True, state=State.PENDING)
    with transaction.atomic():
        found = list(waiting.values_list("pk", flat=True))
        waiting.filter(pk__in=found).update(held=False, hinted_at=None)
        audit.record(actor, "approve", f"{len(found)} posts", reason="approved", after=found)
    return len(found)


def notice(text: str, *, severity: str, actor: str, key: str = "") -> list[Owed]:
    """Tell every tier of a halt, an outage or anything an operator has to say."""
    told = announcing.post(
        key or f"N-{clock.now():%y%m%d%H%M%S%f}"[:_KEY],
        "NOTICE",
        {"title": "Notice", "text": text, "severity": severity},
    )
    if told:
        audit.record(actor, "notice", told[0].announcement.trade_id, reason=text[:300])
    return _owed(told)


def post_owed(measure: Measure) -> list[Owed]:
    """Post what the day's slots owe; `measure` is reporting's arithmetic over trades."""
    return _owed(posting.post_owed(measure))


def _owed(made: Sequence[Delivery]) -> list[Owed]:
    now = clock.now()
    return [Owed(d.pk, clock.real_seconds((d.due_at - now).total_seconds())) for d in made]


def _announce_notices() -> list[Owed]:
    """Tell of what execution has to tell: halts, outages."""
    made: list[Delivery] = []
    for row in Notice.objects.filter(announced=False).order_by("pk")[:_AT_ONCE]:
        with transaction.atomic():
            facts = {
                "title": row.kind.capitalize().replace("_", " "),
                "text": row.text,
                "severity": row.kind,
            }
            if row.source == settings.TRADING_MODE:
                made += announcing.post(f"NOTICE-{row.pk}", "NOTICE", facts)
            Notice.objects.filter(pk=row.pk).update(announced=True)
    return _owed(made)


def _clocks_agree() -> bool:
    return outbox.clock_skew_s() <= outbox.settings().max_skew_s


def _drop_what_was_never_approved() -> None:
    limit = timedelta(seconds=routes.numbers().x_late_s)
    waiting = Delivery.objects.filter(
        held=True, state=State.PENDING, due_at__lt=clock.now() - limit
    )
    change(waiting, state=State.EXPIRED, error="nobody approved it in time")
