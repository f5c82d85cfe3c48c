"""Session roots: one Merkle root over the records of each session, posted and kept (7.11)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from publishing import receipts
from publishing.models import Receipt, Root
from quanticity.domain.calendar import Session

_FIELDS = ("seq", "kind", "at", "trade_id", "body")


@transaction.atomic
def close(session: Session, now: datetime) -> Root | None:
    """Make the root over everything since the one before; the one that is there, if it is."""
    found = Root.objects.filter(session_date=session.date).first()
    if found is not None:
        return found
    before = Root.objects.filter(session_date__lt=session.date).first()
    first = 1 if before is None else before.last_seq + 1
    records = list(Receipt.objects.filter(seq__gte=first).order_by("seq"))
    root = receipts.merkle_root(canonical(row) for row in records)
    if root is None:
        return None
    return Root.objects.create(
        session_date=session.date,
        first_seq=first,
        last_seq=records[-1].seq,
        root=root,
        head=records[-1].hash,
        made_at=now,
    )


def latest() -> Root | None:
    """The last session's root."""
    return Root.objects.first()


def of_record(seq: int) -> Root | None:
    """The root that a record belongs to; None before its session is closed."""
    return Root.objects.filter(first_seq__lte=seq, last_seq__gte=seq).first()


def path_to(root: Root, seq: int) -> list[tuple[str, str]]:
    """What to hash a record with on its way to its session's root."""
    rows = Receipt.objects.filter(seq__gte=root.first_seq, seq__lte=root.last_seq).order_by("seq")
    return receipts.merkle_path([canonical(row) for row in rows], seq - root.first_seq)


def canonical(row: Receipt) -> str:
    """The text of a record that was hashed."""
    return receipts.canonical({name: getattr(row, name) for name in _FIELDS})


def facts(root: Root) -> dict[str, Any]:
    """A root as its post tells it."""
    return {
        "title": f"Track record after {root.session_date:%b} {root.session_date.day}",
        "session_date": root.session_date.isoformat(),
        "root": root.root,
        "head": root.head,
        "first_seq": root.first_seq,
        "last_seq": root.last_seq,
    }
