"""The naked clock: milliseconds in which contracts were held without a working stop (6.7).

It is looked at on every fact and every two seconds, by whichever process is there; each look is
one conditional UPDATE, so that no stretch is counted twice.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from execution import selectors
from execution.models import Position
from quanticity.domain import clock
from quanticity.domain.orders import Fill


def measure(position: Position, fills: Sequence[Fill] = ()) -> None:
    """Begin a stretch when protection is short, end it when it is whole again."""
    since = position.naked_since_at
    is_flat = position.quantity_open <= 0
    covered = is_flat or selectors.protected_quantity(position) >= position.quantity_open
    if covered == (since is None):
        return
    now = clock.now()
    until = _flat_at(fills, now) if is_flat else now
    gap_ms = 0 if since is None else max(0, round((until - since).total_seconds() * 1_000))
    after = None if covered else now
    same = Position.objects.filter(pk=position.pk, naked_since_at=since)
    if same.update(naked_ms=F("naked_ms") + gap_ms, naked_since_at=after):
        position.naked_ms += gap_ms
        position.naked_since_at = after


def _flat_at(fills: Sequence[Fill], now: datetime) -> datetime:
    """The gap ended with the fill that made us flat, not when we heard of it."""
    return max((fill.executed_at for fill in fills), default=now)
