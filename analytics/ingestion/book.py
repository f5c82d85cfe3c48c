"""Books from rows: sorted, merged by price, without what is empty or old (DOMAIN 1.4).

A depth feed gives one row per venue. Rows of size zero, rows that cannot be a price, and rows a
venue has not renewed for a while are dropped; rows at one price become one level. A symbol
without depth gets a one-level book from its quote, marked synthetic.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from quanticity.domain.market import Book, Level, Quote


@dataclass(frozen=True, slots=True)
class Settings:
    """How deep a book is kept and how long a row lives."""

    levels: int
    max_row_age_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One venue's size at one price, and when the feed last said so."""

    price: float
    size: float
    venue: str
    seen_at: datetime


def normalize(
    symbol: str, bids: Iterable[Row], asks: Iterable[Row], at: datetime, settings: Settings
) -> Book:
    """Make a book of the rows that can be believed at this instant."""
    return Book(
        symbol=symbol,
        bids=_side(bids, at, settings, best_is_high=True),
        asks=_side(asks, at, settings, best_is_high=False),
        event_at=at,
    )


def from_quote(quote: Quote) -> Book:
    """A synthetic one-level book; a side without price or size is empty."""
    return Book(
        symbol=quote.instrument,
        bids=_level(quote.bid, quote.bid_size),
        asks=_level(quote.ask, quote.ask_size),
        event_at=quote.event_at,
        synthetic=True,
    )


def _side(
    rows: Iterable[Row], at: datetime, settings: Settings, *, best_is_high: bool
) -> tuple[Level, ...]:
    sizes: dict[float, float] = defaultdict(float)
    venues: dict[float, set[str]] = defaultdict(set)
    for row in rows:
        fresh = (at - row.seen_at).total_seconds() <= settings.max_row_age_s
        if fresh and _is_real(row.price) and _is_real(row.size):
            sizes[row.price] += row.size
            venues[row.price].add(row.venue)
    best = sorted(sizes, reverse=best_is_high)[: settings.levels]
    return tuple(Level(price, sizes[price], ",".join(sorted(venues[price]))) for price in best)


def _level(price: float | None, size: float | None) -> tuple[Level, ...]:
    if price is None or size is None or not (_is_real(price) and _is_real(size)):
        return ()
    return (Level(price, size),)


def _is_real(number: float) -> bool:
    return math.isfinite(number) and number > 0
