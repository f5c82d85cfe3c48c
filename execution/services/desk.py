"""The desk's version: two workers that gate on the same facts cannot both record an order.

A worker reads the version before it looks at the world and raises it in the transaction that
records the order; whoever finds it raised meanwhile has looked at the past and looks again.
"""

from django.db.models import F

from execution.models import DeskVersion

_DESK = "orders"


def version() -> int:
    """How often an order has been recorded; read it before the facts."""
    row, _ = DeskVersion.objects.get_or_create(pk=_DESK)
    return row.version


def advance(seen: int) -> bool:
    """Say that an order is being recorded; False when another was since `seen`."""
    rows = DeskVersion.objects.filter(pk=_DESK, version=seen)
    return bool(rows.update(version=F("version") + 1))
