"""Parts of a position that were sold while the rest stayed: what a SCALE_OUT tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from execution.models import Order, Position
from quanticity.domain import clock
from quanticity.domain.orders import Fill, Role

# Stops of one position go together; only one that went alone is a scale-out.
_STOP_PATIENCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Sale:
    """One order that sold all it had to, or one execution made by hand."""

    about: str
    fills: tuple[Fill, ...]
    remaining: int

    @property
    def quantity(self) -> int:
        """Contracts sold."""
        return -sum(fill.quantity for fill in self.fills)

    @property
    def at(self) -> datetime:
        """When its last execution happened."""
        return max(fill.executed_at for fill in self.fills)

    @property
    def is_costed(self) -> bool:
        """Whether every cost is known."""
        return all(fill.commission is not None for fill in self.fills)


def partial(rows: Sequence[Order], fills: Sequence[Fill], position: Position) -> list[Sale]:
    """Completed sales that left contracts behind, in the order in which they happened."""
    bought = sum(fill.quantity for fill in fills if fill.quantity > 0)
    found, sold = [], 0
    for about, group in _groups(rows, fills):
        sold -= sum(fill.quantity for fill in group)
        sale = Sale(about, tuple(group), bought - sold)
        if sale.remaining > 0 and _is_told(sale, rows, position):
            found.append(sale)
    return found


def _groups(rows: Sequence[Order], fills: Sequence[Fill]) -> list[tuple[str, list[Fill]]]:
    refs = {row.order_ref for row in rows}
    grouped: dict[str, list[Fill]] = {}
    for fill in fills:
        if fill.quantity < 0:
            about = fill.order_ref if fill.order_ref in refs else fill.base_exec_id
            grouped.setdefault(about, []).append(fill)
    return sorted(grouped.items(), key=lambda item: max(f.executed_at for f in item[1]))


def _is_told(sale: Sale, rows: Sequence[Order], position: Position) -> bool:
    order = next((row for row in rows if row.order_ref == sale.about), None)
    if order is None:
        return True  # made by hand
    if order.filled < order.quantity:
        return False
    if order.role == Role.STOP:
        alone = clock.now() - sale.at > _STOP_PATIENCE
        return alone and position.quantity_open > 0
    return order.role == Role.TARGET or order.tranche is not None
