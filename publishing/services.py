"""What publishing does: tells of executed trades, each tier at its time, once.

`announce_owed` turns recorded events into announcements with one delivery per tier and channel;
`deliver` sends one of them if it is due; `deliver_owed` names those that nobody came for. All
three may run any number of times, anywhere, at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from execution import selectors
from execution.models import PositionEvent
from publishing import delivering, ledger, outbox, routes, tiers
from publishing.models import Announcement, Delivery
from quanticity import audit
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.tiers import Tier

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery that was made, and in how many real seconds it is due."""

    delivery_id: int
    countdown_s: float


def announce_owed(limit: int = 200) -> list[Owed]:
    """Turn recorded events into announcements and deliveries; return the new deliveries."""
    if not (events := selectors.owed_events(limit)):
        return []  # without taking the one write lock that SQLite has
    made: list[Delivery] = []
    with transaction.atomic():
        for event in events:
            made += _announce(event)
            PositionEvent.objects.filter(pk=event.pk).update(announced=True)
    now = clock.now()
    return [Owed(d.pk, clock.real_seconds((d.due_at - now).total_seconds())) for d in made]


def deliver(delivery_id: int) -> State | None:
    """Send one delivery; its new state, or None when there was nothing for us to do now."""
    now = clock.now()
    route = Delivery.objects.filter(pk=delivery_id).values_list("channel", "tier").first()
    if route not in routes.usable(now) or outbox.clock_skew_s() > outbox.settings().max_skew_s:
        return None
    row = outbox.claim(delivery_id, now)
    return None if row is None else delivering.finish(row, now)


def deliver_owed() -> list[int]:
    """Settle doubts; name the deliveries that are due and nobody's, the most urgent first."""
    now = clock.now()
    for row in outbox.abandoned(now):
        delivering.settle_doubt(row, now, "the worker vanished during the call")
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


def redrive(delivery_ids: Sequence[int], *, actor: str, reason: str) -> list[int]:
    """Give dead or doubtful deliveries another life; due time, token and place stay as they are."""
    again = Delivery.objects.filter(pk__in=delivery_ids, state__in=(State.DEAD, State.AMBIGUOUS))
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


def _announce(event: PositionEvent) -> list[Delivery]:
    position, numbers = event.position, _numbers()
    told, is_new = Announcement.objects.get_or_create(
        trade_id=position.trade_id,
        seq=event.seq,
        defaults={
            "kind": event.kind,
            "symbol": position.symbol,
            "clock_at": tiers.clock_at(event.clock_at, event.created_at, numbers),
            "facts": event.facts,
            "created_at": clock.now(),
            "withheld": tiers.is_stale(event.kind, event.clock_at, event.created_at, numbers),
            "probe": position.probe,
            "source": position.source,
        },
    )
    if not is_new:
        return []
    body = {"kind": event.kind, "event_seq": event.seq, "facts": ledger.as_text(event.facts)}
    told.receipt = ledger.shown(ledger.append("EVENT", told.clock_at, told.trade_id, body))
    told.save(update_fields=["receipt"])
    return Delivery.objects.bulk_create(_deliveries(told))


def _deliveries(told: Announcement) -> list[Delivery]:
    # Another world's trades (a replay's) are recorded and go nowhere.
    keys = sorted(routes.enabled()) if told.source == settings.TRADING_MODE else []
    return [
        _delivery(told, channel, Tier(tier))
        for channel, tier in keys
        if tiers.hears(told.kind, Tier(tier))
    ]


def _delivery(told: Announcement, channel: str, tier: Tier) -> Delivery:
    due_at = tiers.due_at(told.clock_at, tier, _numbers())
    return Delivery(
        announcement=told,
        tier=tier,
        channel=channel,
        priority=tiers.PRIORITY[told.kind],
        due_at=due_at,
        boot_id=outbox.boot_id(),
        boot_due_s=clock.boot_seconds() + (due_at - told.created_at).total_seconds(),
        created_at=told.created_at,
    )


def _numbers() -> tiers.Settings:
    found: tiers.Settings = section("publishing.tiers", tiers.Settings)
    return found
