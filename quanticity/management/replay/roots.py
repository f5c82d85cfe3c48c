"""What a replay came to: counts, money, and two hashes over its canonical records (DOMAIN 11)."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Sum

from analytics.models import Decision, Signal
from execution.models import Fill, Order, Position
from publishing.models import Delivery, Receipt
from quanticity.domain.readings import instant, plain

_EMITTED = "EMITTED"
EMPTY = hashlib.sha256(b"").hexdigest()


def result() -> dict[str, Any]:
    """The answer of `replay`, by the names of INTERFACES 4."""
    net = Position.objects.aggregate(x=Sum("realised_net_usd"))["x"]
    return {
        "signals": Signal.objects.count(),
        "abstentions": Decision.objects.exclude(outcome=_EMITTED).count(),
        "orders": Order.objects.exclude(sent_at=None).count(),
        "fills": Fill.objects.count(),
        "messages": Delivery.objects.filter(state="SENT").count(),
        "pnl_usd": 0.0 if net is None else float(net),
        "decisions_root": root(decisions()),
        "receipts_root": root(receipts()),
    }


def decisions() -> Iterable[dict[str, Any]]:
    """Every decision as its canonical record, in the order of time, strategy and symbol."""
    rows = Decision.objects.order_by("at", "strategy", "symbol", "outcome")
    for row in rows.iterator():
        yield {
            "at": instant(row.at), "strategy": row.strategy, "symbol": row.symbol,
            "outcome": row.outcome, "direction": row.direction, "confidence": row.confidence,
            "explanation": row.explanation,
        }  # fmt: skip


def receipts() -> Iterable[dict[str, Any]]:
    """The ledger's records in their order."""
    for row in Receipt.objects.order_by("seq").iterator():
        yield {
            "seq": row.seq, "kind": row.kind, "at": row.at, "trade_id": row.trade_id,
            "body": row.body, "hash": row.hash,
        }  # fmt: skip


def canonical(record: Any) -> str:
    """The one way to write a record."""
    return json.dumps(plain(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def root(records: Iterable[Any]) -> str:
    """SHA-256 over the canonical records, one per line."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(canonical(record).encode() + b"\n")
    return digest.hexdigest()
