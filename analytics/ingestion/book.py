"""A book of one level from a quote, for symbols without depth (DOMAIN 1.4)."""

import math

from quanticity.domain.market import Book, Level, Quote


def from_quote(quote: Quote) -> Book:
    """A synthetic one-level book; a side without price or size is empty."""
    return Book(
        symbol=quote.instrument,
        bids=_level(quote.bid, quote.bid_size),
        asks=_level(quote.ask, quote.ask_size),
        event_at=quote.event_at,
        synthetic=True,
    )


def _level(price: float | None, size: float | None) -> tuple[Level, ...]:
    if price is None or size is None or not (_is_real(price) and _is_real(size)):
        return ()
    return (Level(price, size),)


def _is_real(number: float) -> bool:
    return math.isfinite(number) and number > 0
