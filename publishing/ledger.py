"""The receipts ledger as rows: appends, and nothing else (DOMAIN 7.11)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from publishing import receipts
from publishing.models import Counter, Receipt
from quanticity.domain.readings import instant

_COUNTER = "receipts"
_SHOWN = 12


def append(kind: str, at: datetime, trade_id: str, body: dict[str, Any]) -> Receipt:
    """Add one record to the chain; it is there if and only if the caller's transaction commits."""
    with transaction.atomic():
        seq = draw(_COUNTER)
        record = {
            "seq": seq, "kind": kind, "at": instant(at), "trade_id": trade_id,
            "body": receipts.exact(body),
        }  # fmt: skip
        before = Receipt.objects.filter(seq=seq - 1).first()
        previous = receipts.GENESIS if before is None else bytes.fromhex(before.hash)
        link = receipts.chain([record], previous)[0]
        return Receipt.objects.create(**record, prev_hash=link.prev_hash, hash=link.hash)


def draw(counter: str) -> int:
    """The next number of a gapless sequence; others wait until our transaction ends."""
    Counter.objects.get_or_create(name=counter)
    Counter.objects.filter(name=counter).update(value=F("value") + 1)
    return Counter.objects.get(name=counter).value


def shown(receipt: Receipt) -> str:
    """How a message names its record: `R17 08ad0301fc8a`."""
    return f"R{receipt.seq} {receipt.hash[:_SHOWN]}"


def as_text(value: Any) -> Any:
    """Facts as the ledger holds them: what is a float elsewhere is text here."""
    if isinstance(value, dict):
        return {key: as_text(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_text(member) for member in value]
    return repr(value) if isinstance(value, float) else value
