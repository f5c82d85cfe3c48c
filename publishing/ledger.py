"""The receipts ledger as rows: appends, and nothing else (DOMAIN 7.11)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from publishing import receipts, sequences, turns
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


def lock() -> None:
    """Let nobody else append until the caller's transaction ends."""
    sequences.draw(_COUNTER, 0)


def append(wanted: Sequence[Draft]) -> list[Receipt]:
    """Add what the chain has not recorded yet, if and only if the caller's transaction commits."""
    with turns.turn():
        lock()
        known = Receipt.objects.filter(ref__in=[draft.ref for draft in wanted])
        recorded = set(known.values_list("ref", flat=True))
        drafts = [draft for draft in wanted if draft.ref not in recorded]
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
