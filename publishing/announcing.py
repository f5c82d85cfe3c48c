"""Announcing: an event or a post becomes one row per tier and channel, with its due time."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from execution.models import PositionEvent
from publishing import holders, ledger, recording, routes, tiers
from publishing.models import Announcement, Delivery
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.tiers import Tier

_OUTCOMES = ("EXIT", "EXPIRY")


def announce(events: Sequence[PositionEvent]) -> list[Delivery]:
    """Announce events that are not announced yet, in the caller's transaction."""
    known = _told_before(events)
    told = [_announcement(one) for one in events if (one.position_id, one.seq) not in known]
    for row in told:
        row.withheld = row.withheld or _is_of_withheld(row, told)
    for row, receipt in zip(
        told, ledger.append([recording.of_event(t) for t in told]), strict=True
    ):
        row.receipt = ledger.shown(receipt)
    Announcement.objects.bulk_create(told)
    keys = sorted(routes.enabled())
    # One after the other: whether free hears of a trade depends on what it has heard already.
    made = [Delivery.objects.bulk_create(_deliveries(row, keys)) for row in told]
    return [delivery for rows in made for delivery in rows]


@transaction.atomic
def post(key: str, kind: str, facts: dict[str, Any]) -> list[Delivery]:
    """Post once per key: all tiers that hear of its kind, at once; nothing when it was posted."""
    now = clock.now()
    told, is_new = Announcement.objects.get_or_create(
        trade_id=key,
        seq=1,
        defaults={
            "kind": kind,
            "clock_at": now,
            "facts": {**facts, "trade_no": key},
            "created_at": now,
            "source": settings.TRADING_MODE,
        },
    )
    if not is_new:
        return []
    told.receipt = ledger.shown(ledger.append([recording.of_event(told)])[0])
    told.save(update_fields=["receipt"])
    return Delivery.objects.bulk_create(_deliveries(told, sorted(routes.enabled())))


def is_posted(key: str) -> bool:
    """Say whether a slot was served."""
    return Announcement.objects.filter(trade_id=key, seq=1).exists()


def _told_before(events: Sequence[PositionEvent]) -> set[tuple[str, int]]:
    rows = Announcement.objects.filter(trade_id__in={event.position_id for event in events})
    return set(rows.values_list("trade_id", "seq"))


def _is_of_withheld(told: Announcement, together: Sequence[Announcement]) -> bool:
    """A trade whose entry was withheld is not heard of again before its outcome."""
    if told.kind in ("ENTRY", *_OUTCOMES):
        return False
    before = [*Announcement.objects.filter(trade_id=told.trade_id), *together]
    earlier = [one for one in before if (one.trade_id, one.seq < told.seq) == (told.trade_id, True)]
    is_over = any(one.kind in _OUTCOMES for one in earlier)
    return not is_over and any(one.kind == "ENTRY" and one.withheld for one in earlier)


def _announcement(event: PositionEvent) -> Announcement:
    # An event that was not taken over at once is as late as one that was recorded late.
    position, numbers, now = event.position, _numbers(), clock.now()
    return Announcement(
        trade_id=position.trade_id,
        seq=event.seq,
        kind=event.kind,
        symbol=position.symbol,
        clock_at=tiers.clock_at(event.clock_at, now, numbers),
        facts=event.facts,
        created_at=now,
        withheld=tiers.is_stale(event.kind, event.clock_at, now, numbers),
        probe=position.probe,
        source=position.source,
    )


def _deliveries(told: Announcement, keys: Sequence[routes.Key]) -> list[Delivery]:
    if told.source != settings.TRADING_MODE:
        return []  # another world's trades (a replay's) are recorded and go nowhere
    if told.withheld and told.kind != "ENTRY":
        return []
    carried = _carried(told)
    heard = [
        (name, Tier(tier))
        for name, tier in keys
        if routes.serves((name, tier), carried, probe=told.probe)
    ]
    return [
        _delivery(told, name, tier)
        for name, tier in heard
        if tiers.hears(told.kind, tier) and (tier is not Tier.FREE or _free_hears(told))
    ]


def _carried(told: Announcement) -> str:
    """By which kind a channel decides: a correction goes where the event went that it corrects."""
    return str(told.facts.get("corrects") or told.kind)


def _free_hears(told: Announcement) -> bool:
    """A trade that free was not told of at its entry stays untold: no tier sees half a trade."""
    limit = _numbers().free_max_trades_per_session
    if not limit or told.kind in tiers.POSTS or told.kind == "NOTICE":
        return True
    if told.kind != "ENTRY":
        entry = Announcement.objects.filter(trade_id=told.trade_id, kind="ENTRY").first()
        return entry is None or entry.deliveries.filter(tier=Tier.FREE).exists()
    opened_at = calendar.previous_session(calendar.session_date(told.clock_at)).close_at
    since = opened_at + calendar.AFTER_HOURS
    before = Announcement.objects.filter(
        kind="ENTRY", source=told.source, clock_at__gte=since, deliveries__tier=Tier.FREE
    )
    return before.exclude(pk=told.pk).distinct().count() < limit


def _delivery(told: Announcement, channel: str, tier: Tier) -> Delivery:
    # A post says what every tier may know by now; only trades wait.
    waits = told.kind not in tiers.POSTS and told.kind != "NOTICE"
    due_at = tiers.due_at(told.clock_at, tier, _numbers()) if waits else told.clock_at
    return Delivery(
        announcement=told,
        tier=tier,
        channel=channel,
        priority=tiers.PRIORITY[told.kind],
        due_at=due_at,
        held=routes.holds((channel, str(tier)), told.kind),
        boot_id=holders.boot_id(),
        boot_due_s=clock.boot_seconds() + (due_at - clock.now()).total_seconds(),
        created_at=told.created_at,
    )


def _numbers() -> tiers.Settings:
    found: tiers.Settings = section("publishing.tiers", tiers.Settings)
    return found
