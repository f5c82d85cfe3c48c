"""Reads of the track record: receipts that everybody may see, and what each tier could have had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from execution.models import Position
from publishing import roots, routes
from publishing.models import Delivery, Receipt, Root
from quanticity.config.loader import section
from quanticity.domain.readings import instant
from quanticity.domain.tiers import Tier

FIELDS = ("seq", "kind", "at", "trade_id", "body", "prev_hash", "hash")
_BUYS, _SELLS = ("ENTRY",), ("SCALE_OUT", "EXIT", "EXPIRY")
_OVER = ("CLOSED", "SETTLED")


@dataclass(frozen=True, slots=True)
class Settings:
    """Platform seconds until everybody may see a record."""

    public_after_s: float


@dataclass(frozen=True, slots=True)
class Leg:
    """One buying or selling of a trade as one tier met it: the touch at its release."""

    kind: str
    quantity: int
    fill_price: Decimal | None
    bid: Decimal | None
    ask: Decimal | None


@dataclass(frozen=True, slots=True)
class Told:
    """A closed trade as one tier was told of it."""

    trade_id: str
    closed_at: datetime
    multiplier: int
    commission_usd: Decimal | None
    legs: tuple[Leg, ...]


def export(now: datetime | None = None) -> list[dict[str, Any]]:
    """The ledger, oldest first, as `verify_receipts` reads it; with an instant: what is public."""
    rows = Receipt.objects.all() if now is None else public(now)
    return [dict(row) for row in rows.order_by("seq").values(*FIELDS)]


def public(now: datetime) -> QuerySet[Receipt]:
    """The records before the first that somebody might still have to wait for."""
    settings: Settings = section("publishing.receipts", Settings)
    since = instant(now - timedelta(seconds=settings.public_after_s))
    young = Receipt.objects.filter(at__gt=since).order_by("seq")
    first = young.values_list("seq", flat=True).first()
    return Receipt.objects.all() if first is None else Receipt.objects.filter(seq__lt=first)


def sessions(count: int) -> list[Root]:
    """The latest sessions' roots."""
    return list(Root.objects.all()[:count])


def inclusion(seq: int, now: datetime) -> dict[str, Any] | None:
    """One public record with its way to its session's root; None when there is no such record."""
    row = public(now).filter(seq=seq).first()
    if row is None:
        return None
    root = roots.of_record(seq)
    shown = {name: getattr(row, name) for name in FIELDS} | {"canonical": roots.canonical(row)}
    if root is None:
        return shown | {"root": None, "session_date": None, "path": []}
    path = [{"side": side, "hash": node} for side, node in roots.path_to(root, seq)]
    return shown | {"root": root.root, "session_date": root.session_date, "path": path}


def of_trade(trade_id: str, now: datetime) -> list[Receipt]:
    """The public records of one trade, oldest first."""
    return list(public(now).filter(trade_id=trade_id).order_by("seq"))


def told(source: str, tier: Tier) -> list[Told]:
    """Every closed trade of one world as one tier met it, oldest first; rehearsals left out."""
    closed = Position.objects.filter(source=source, probe=False, state__in=_OVER)
    rows = Delivery.objects.filter(
        channel=routes.WEB,
        tier=tier,
        announcement__source=source,
        announcement__kind__in=_BUYS + _SELLS,
    ).select_related("announcement")
    by_trade: dict[str, list[Delivery]] = {}
    for row in rows.order_by("announcement__trade_id", "announcement__seq"):
        by_trade.setdefault(row.announcement.trade_id, []).append(row)
    return [
        Told(one.pk, one.closed_at, one.multiplier, one.commission_usd, _legs(one, by_trade))
        for one in closed.order_by("closed_at", "pk")
        if one.closed_at is not None
    ]


def _legs(position: Position, by_trade: dict[str, list[Delivery]]) -> tuple[Leg, ...]:
    heard: Sequence[Delivery] = by_trade.get(position.pk, ())
    trimmed = sum(_sold(row) for row in heard if row.announcement.kind == "SCALE_OUT")
    sizes = {
        "ENTRY": position.quantity_total,
        "EXIT": position.quantity_total - trimmed,
        "EXPIRY": position.quantity_total - trimmed,
    }
    return tuple(
        Leg(
            row.announcement.kind,
            sizes.get(row.announcement.kind, _sold(row)),
            _decimal(row.announcement.facts.get("fill_price")),
            row.bid_now,
            row.ask_now,
        )
        for row in heard
        if not row.announcement.withheld
    )


def _sold(row: Delivery) -> int:
    return int(row.announcement.facts.get("quantity") or 0)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
