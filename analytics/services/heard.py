"""Until when a symbol's market is known: the instant of its last tick, not the reader's clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

import numpy as np

from analytics.calculators.hidden_orders import Seen
from analytics.calculators.trade_signing import SignedTrade
from quanticity.domain import clock
from quanticity.domain.market import Bar, Book
from quanticity.store import keys, market
from quanticity.store.readings import Input

FEED = "ibkr"
BAR_LATE = timedelta(seconds=75)  # a minute, its grace, and the recorder's beat


def until(symbol: str, last: SignedTrade | None = None) -> datetime | None:
    """The latest tick of a quote or a print; None before the first one.

    No print means that nothing traded only as far as the feed has been heard.
    """
    quote = market.quote(symbol)
    ticks = [] if quote is None else [quote.event_at]
    if last is not None:
        ticks.append(last.trade.event_at)
    return min(max(ticks), clock.now()) if ticks else None


def bars_until(last: Bar) -> datetime:
    """Until when the bars are complete: now, unless one that should be there is missing."""
    now = clock.now()
    ended = last.open_at + timedelta(minutes=1)
    return now if now - ended <= BAR_LATE else ended


def books_input(symbol: str, books: Sequence[Book]) -> tuple[Input, ...]:
    """Books as the input of a reading."""
    if not books:
        return ()
    rows = [
        (book.event_at.timestamp(), side, level.price, level.size)
        for book in books
        for side, levels in ((1.0, book.bids), (-1.0, book.asks))
        for level in levels
    ]
    return (Input(keys.books(symbol).name, books[-1].event_at, _hash(rows)),)


def prints_input(symbol: str, prints: Sequence[SignedTrade] | Sequence[Seen]) -> tuple[Input, ...]:
    """A window of prints as the input of a reading; none when nothing was printed."""
    if not prints:
        return ()
    rows = [(p.trade.event_at.timestamp(), p.trade.price, p.trade.size) for p in prints]
    key = keys.prints(symbol).name
    return (Input(key, prints[-1].trade.event_at, _hash(rows)),)


def bars_input(symbol: str, size: str, bars: Sequence[Bar]) -> tuple[Input, ...]:
    """Bars as the input of a reading."""
    if not bars:
        return ()
    rows = [(b.open_at.timestamp(), b.high, b.low, b.close, b.volume) for b in bars]
    return (Input(keys.bars(symbol, size).name, bars[-1].open_at, _hash(rows)),)


def _hash(rows: Sequence[tuple[float, ...]]) -> str:
    return blake2b(np.array(rows, dtype=float).tobytes(), digest_size=8).hexdigest()
