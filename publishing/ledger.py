"""The receipts ledger as rows: appends, and nothing else (DOMAIN 7.11)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from publishing import receipts, sequences
from publishing.models import Receipt
from quanticity.domain.readings import instant

_COUNTER = "receipts"
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it has a place; `ref` names the row it records, once for ever."""

    kind: str
    at: datetime
    trade_id: str
    ref: str
    body: dict[str, Any]
    opening: dict[str, Any] = field(default_factory=dict)


def append(drafts: Sequence[Draft]) -> list[Receipt]:
    """Add records to the chain; they are there if and only if the caller's transaction commits."""
    return append_owed(lambda: drafts)


def lock() -> None:
    """Let nobody else append until the caller's transaction ends."""
    sequences.draw(_COUNTER, 0)


def append_owed(gather: Callable[[], Sequence[Draft]]) -> list[Receipt]:
    """Add what is missing: gathered while nobody else can append, so that nothing is twice."""
    with transaction.atomic():
        lock()
        drafts = gather()
        if not drafts:
            return []
        first = sequences.draw(_COUNTER, len(drafts)) - len(drafts) + 1
        records = [_record(first + n, draft) for n, draft in enumerate(drafts)]
        before = Receipt.objects.filter(seq=first - 1).first()
        previous = receipts.GENESIS if before is None else bytes.fromhex(before.hash)
        links = receipts.chain(records, previous)
        rows = [
            Receipt(
                **record,
                ref=draft.ref,
                opening=receipts.exact(draft.opening),
                prev_hash=link.prev_hash,
                hash=link.hash,
            )
            for record, link, draft in zip(records, links, drafts, strict=True)
        ]
        return Receipt.objects.bulk_create(rows)


def shown(receipt: Receipt) -> str:
    """How a message names its record: `R17 08ad0301fc8a`."""
    return f"R{receipt.seq} {receipt.hash[:_SHOWN]}"


def _record(seq: int, draft: Draft) -> dict[str, Any]:
    return {
        "seq": seq, "kind": draft.kind, "at": instant(draft.at), "trade_id": draft.trade_id,
        "body": receipts.exact(draft.body),
    }  # fmt: skip
