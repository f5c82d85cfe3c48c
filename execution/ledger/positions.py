"""Positions: what we hold, derived from executions and never counted by hand."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from execution.ledger.executions import in_force
from quanticity.domain.orders import Fill

Key = tuple[str, int]  # account, con_id


@dataclass(frozen=True, slots=True)
class Position:
    """Contracts of one option in one account, as its executions say."""

    account: str
    con_id: int
    bought: int
    sold: int
    entry_average: Decimal | None

    @property
    def quantity(self) -> int:
        """Contracts held; negative means that something sold what we did not have."""
        return self.bought - self.sold


def quantities(fills: Iterable[Fill]) -> dict[Key, int]:
    """Signed contracts per account and contract, zeros included."""
    found: dict[Key, int] = defaultdict(int)
    for fill in in_force(fills):
        found[fill.account, fill.con_id] += fill.quantity
    return dict(found)


def by_contract(fills: Iterable[Fill]) -> Mapping[Key, Position]:
    """Every position that was ever touched."""
    grouped: dict[Key, list[Fill]] = defaultdict(list)
    for fill in in_force(fills):
        grouped[fill.account, fill.con_id].append(fill)
    return {key: _position(key, mine) for key, mine in grouped.items()}


def _position(key: Key, fills: list[Fill]) -> Position:
    buys = [fill for fill in fills if fill.quantity > 0]
    bought = sum(fill.quantity for fill in buys)
    paid = sum((fill.price * fill.quantity for fill in buys), Decimal(0))
    sold = -sum(fill.quantity for fill in fills if fill.quantity < 0)
    return Position(*key, bought, sold, paid / bought if bought else None)
