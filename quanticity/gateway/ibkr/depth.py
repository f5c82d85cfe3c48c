"""Depth rows of one symbol, as positions are inserted, changed and deleted; no I/O.

Rows at one price, of several venues, are one level of the book. A row that its venue has not
renewed for a while keeps its position, which later messages count by, and is no part of the book
(DOMAIN 1.4).
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from quanticity.domain.market import Book, Level
from quanticity.gateway.ibkr import translate

_INSERT, _UPDATE, _DELETE = range(3)


class _Row(NamedTuple):
    level: Level
    seen_at: datetime


@dataclass(slots=True, eq=False)
class Depth:
    """Rows of both sides in the broker's order."""

    symbol: str
    max_age_s: float
    levels: int
    bids: list[_Row] = field(default_factory=list)
    asks: list[_Row] = field(default_factory=list)
    told_s: float = -math.inf

    def on_row(self, position: int, operation: int, side: int, level: Level, at: datetime) -> None:
        """Apply one row message; an update beyond the end is an insertion."""
        rows, row = self.bids if side else self.asks, _Row(level, at)
        if operation == _DELETE:
            del rows[position : position + 1]
        elif operation == _UPDATE and position < len(rows):
            rows[position] = row
        else:
            rows.insert(position, row)

    def clear(self) -> None:
        """Forget all rows: the broker starts anew."""
        self.bids.clear()
        self.asks.clear()

    def book(self, at: datetime) -> Book:
        """The levels that have a price and a size and are young enough, best first."""
        bids = self._side(self.bids, at, best_is_high=True)
        return Book(self.symbol, bids, self._side(self.asks, at, best_is_high=False), at)

    def _side(self, rows: list[_Row], at: datetime, *, best_is_high: bool) -> tuple[Level, ...]:
        standing: dict[float, list[Level]] = defaultdict(list)
        for level, seen_at in rows:
            if _is_real(level) and (at - seen_at).total_seconds() <= self.max_age_s:
                standing[level.price].append(level)
        best = sorted(standing, reverse=best_is_high)[: self.levels]
        return tuple(_merged(price, standing[price]) for price in best)


def _merged(price: float, rows: list[Level]) -> Level:
    venues = sorted({row.venue for row in rows if row.venue})
    return Level(price, sum(row.size for row in rows), ",".join(venues))


def _is_real(level: Level) -> bool:
    return bool(translate.price(level.price) and translate.size(level.size))
