"""What the ledger records of each row, and which rows it has not recorded yet (DOMAIN 7.11).

Before an event is told, what led to it is recorded (`of_trades`); everything else within seconds
(`catch_up`). Both append in the order of what happened, so that a signal stands before its order,
an order before its fills, and those before what was told.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from analytics.models import Signal
from execution.models import Fill, Order, OrderIntent
from publishing import ledger, sealing, tiers
from publishing.ledger import Draft
from publishing.models import Announcement, Counter, Delivery, Receipt
from quanticity.domain import clock
from quanticity.domain.tiers import Tier
from quanticity.models import AuditEntry

_SCANNED = "receipts scanned to"  # epoch seconds, in a counter's row
_OVERLAP = timedelta(hours=1)
_DUE_BEFORE_SENT = timedelta(days=8)
_AT_ONCE, _PART = 500, 50  # records of one look, and of one hold of the chain
# Of two things at one instant, which happened first.
_RANK = ("SIGNAL", "STATE", "ORDER", "FILL", "SETTLEMENT", "EVENT", "CORRECTION", "MESSAGE")
_STATES = ("set trading state", "breaker tripped", "breaker ended")
_OF_WITHHELD = ("trade_no", "symbol")  # the rest is sealed until the outcome is told
_OF_EVENT = {"EXPIRY": "SETTLEMENT", "CORRECTION": "CORRECTION"}


def catch_up() -> int:
    """Record what is not recorded yet; return how many records that were."""
    since, now = _since(), clock.now()
    # Gathered before the chain is locked: it is the one thing that every announcement waits for.
    missing = _missing(since)[:_AT_ONCE]
    parts = [missing[n : n + _PART] for n in range(0, len(missing), _PART)]
    made = sum(len(ledger.append(part)) for part in parts)
    if len(missing) < _AT_ONCE:
        _scanned(now)
    return made


def of_trades(trade_ids: Collection[str]) -> int:
    """Record the signals, orders and fills that these trades were made of."""
    intents = OrderIntent.objects.filter(position__in=trade_ids)
    missing = _in_order(
        *_signals(Signal.objects.filter(intents__in=intents)),
        *_orders(Order.objects.filter(intent__in=intents)),
        *_fills(Fill.objects.filter(position__in=trade_ids)),
    )
    return len(ledger.append(missing)) if missing else 0


def of_event(told: Announcement) -> Draft:
    """The record of an event: what everybody may know of it, and a seal over the rest."""
    ref = f"EVENT:{told.trade_id}:{told.seq}"
    shown = {name: told.facts.get(name) for name in _OF_WITHHELD} if told.withheld else told.facts
    public = tiers.visible({**shown, "seq": told.seq}, told.kind, Tier.FREE)
    opening = sealing.opening(ref, told.facts)
    body = {
        "kind": told.kind, "event_seq": told.seq, "source": told.source,
        "facts": sealing.as_text(public), "sealed": sealing.sealed(opening),
    }  # fmt: skip
    kind = _OF_EVENT.get(told.kind, "EVENT")
    return Draft(kind, told.clock_at, told.trade_id, ref, body, opening)


def _missing(since: datetime) -> list[Draft]:
    return _in_order(
        *_signals(Signal.objects.filter(created_at__gte=since)),
        *_orders(Order.objects.filter(recorded_at__gte=since)),
        *_fills(Fill.objects.filter(recorded_at__gte=since)),
        *_states(AuditEntry.objects.filter(at__gte=since, action__in=_STATES)),
        *_messages(
            Delivery.objects.filter(
                state=Delivery.State.SENT,
                due_at__gte=since - _DUE_BEFORE_SENT,
                sent_at__gte=since,
            )
        ),
    )


def _in_order(*drafts: Draft) -> list[Draft]:
    return sorted(drafts, key=lambda draft: (draft.at, _RANK.index(draft.kind), draft.ref))


def _signals(rows: QuerySet[Signal]) -> Iterable[Draft]:
    for row in _unrecorded(rows.filter(source=settings.TRADING_MODE), "SIGNAL"):
        facts = {
            "strategy": row.strategy, "symbol": row.symbol, "direction": row.direction,
            "occ": row.occ, "confidence": row.confidence, "reference": row.reference,
        }  # fmt: skip
        yield _draft("SIGNAL", row.created_at, "", row.pk, facts, source=row.source)


def _orders(rows: QuerySet[Order]) -> Iterable[Draft]:
    rows = rows.filter(intent__source=settings.TRADING_MODE).select_related("intent")
    for row in _unrecorded(rows, "ORDER"):
        facts = {
            "occ": row.occ, "side": row.side, "quantity": row.quantity, "role": row.role,
            "order_type": row.order_type, "limit_price": row.wanted_limit or row.limit_price,
            "stop_price": row.wanted_stop or row.stop_price,
        }  # fmt: skip
        names = {"signal": sealing.salted(row.intent.signal_id), "source": row.intent.source}
        yield _draft("ORDER", row.recorded_at, "", row.pk, facts, **names)


def _fills(rows: QuerySet[Fill]) -> Iterable[Draft]:
    for row in _unrecorded(rows.filter(source=settings.TRADING_MODE), "FILL"):
        facts = {"occ": row.occ, "quantity": row.quantity, "price": row.price}
        names = {"order": sealing.salted(row.order_ref), "source": row.source}
        yield _draft("FILL", row.executed_at, row.position_id or "", row.pk, facts, **names)


def _states(rows: QuerySet[AuditEntry]) -> Iterable[Draft]:
    for row in _unrecorded(rows, "STATE"):
        facts = {"actor": row.actor, "subject": row.subject, "reason": row.reason}
        named = {"action": row.action, "source": settings.TRADING_MODE}
        yield _draft("STATE", row.at, "", str(row.pk), facts, **named)


def _messages(rows: QuerySet[Delivery]) -> Iterable[Draft]:
    rows = rows.filter(announcement__source=settings.TRADING_MODE).select_related("announcement")
    for row in _unrecorded(rows, "MESSAGE"):
        told = row.announcement
        body = {
            "token": f"#{told.trade_id}-{told.seq}", "tier": row.tier,
            "channel": row.channel.partition(":")[0], "digest": row.digest,
            "source": told.source,
            "message_id": sealing.salted(row.receipt) if row.receipt else None,
        }  # fmt: skip
        at = row.sent_at or row.due_at
        yield Draft("MESSAGE", at, told.trade_id, f"MESSAGE:{row.pk}", body)


def _draft(
    kind: str, at: datetime, trade_id: str, pk: str, facts: dict[str, Any], **body: Any
) -> Draft:
    ref = f"{kind}:{pk}"
    opening = sealing.opening(ref, facts)
    named = {"id": sealing.salted(ref), **body, "sealed": sealing.sealed(opening)}
    return Draft(kind, at, trade_id, ref, named, opening)


def _unrecorded(rows: QuerySet[Any], kind: str) -> Sequence[Any]:
    named = rows.annotate(ref=Concat(Value(f"{kind}:"), Cast(F("pk"), CharField())))
    recorded = Receipt.objects.filter(ref=OuterRef("ref"))
    return list(named.filter(~Exists(recorded)).order_by("pk")[:_AT_ONCE])


def _since() -> datetime:
    row = Counter.objects.filter(name=_SCANNED).first()
    scanned = datetime.fromtimestamp(0 if row is None else row.value, UTC)
    return scanned if row is None else scanned - _OVERLAP


def _scanned(at: datetime) -> None:
    Counter.objects.update_or_create(name=_SCANNED, defaults={"value": int(at.timestamp())})
