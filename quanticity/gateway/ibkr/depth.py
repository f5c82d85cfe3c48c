"""Depth rows of one symbol, as positions are inserted, changed and deleted; no I/O."""

import math
from dataclasses import dataclass, field
from datetime import datetime

from quanticity.domain.market import Book, Level
from quanticity.gateway.ibkr import translate

_INSERT, _UPDATE, _DELETE = range(3)


@dataclass(slots=True, eq=False)
class Depth:
    """Rows of both sides in the broker's order."""

    symbol: str
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)
    told_s: float = -math.inf

    def on_row(self, position: int, operation: int, side: int, level: Level) -> None:
        """Apply one row message; an update beyond the end is an insertion."""
        rows = self.bids if side else self.asks
        if operation == _DELETE:
            del rows[position : position + 1]
        elif operation == _UPDATE and position < len(rows):
            rows[position] = level
        else:
            rows.insert(position, level)

    def clear(self) -> None:
        """Forget all rows: the broker starts anew."""
        self.bids.clear()
        self.asks.clear()

    def book(self, at: datetime) -> Book:
        """The rows that have a price and a size, best first."""
        bids = sorted(filter(_is_real, self.bids), key=lambda level: -level.price)
        asks = sorted(filter(_is_real, self.asks), key=lambda level: level.price)
        return Book(self.symbol, tuple(bids), tuple(asks), at)


def _is_real(level: Level) -> bool:
    return bool(translate.price(level.price) and translate.size(level.size))
