"""Refreshing hidden orders: each print of the last half minute beside the book that stood."""

from bisect import bisect_right
from datetime import timedelta

from analytics.calculators import hidden_orders
from analytics.services import heard
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.market import Book
from quanticity.domain.readings import Unavailable
from quanticity.store import market, readings


def refresh_hidden(symbol: str) -> None:
    """Judge the prints of the window; without a book none can be judged."""
    settings = section("analytics.hidden_orders", hidden_orders.Settings)
    now = clock.now()
    books = market.books_tail(symbol).values()
    known_until = heard.until(symbol)
    # Nothing is known of prints later than the last book.
    as_of = now if not books else min(books[-1].event_at, known_until or books[-1].event_at)
    stale = not books or (now - books[-1].event_at).total_seconds() > settings.window_s
    seen = [] if stale else _seen(symbol, books, settings)
    result = (
        Unavailable("hidden", "NO_DATA" if not books else "STALE", "no book in the window")
        if stale
        else hidden_orders.compute(seen, settings)
    )
    # Prints in a row that met the same book share it.
    met = [one.book for n, one in enumerate(seen) if not n or one.book is not seen[n - 1].book]
    readings.write(
        symbol, "hidden", result, as_of=as_of, feed=heard.FEED, section="analytics.hidden_orders",
        inputs=heard.prints_input(symbol, seen) + heard.books_input(symbol, met),
    )  # fmt: skip


def _seen(
    symbol: str, books: list[Book], settings: hidden_orders.Settings
) -> list[hidden_orders.Seen]:
    since = clock.now() - timedelta(seconds=settings.window_s)
    times = [book.event_at for book in books]
    found = []
    for trade in market.trades(symbol):
        at = bisect_right(times, trade.event_at) - 1
        if trade.event_at >= since and at >= 0:
            found.append(hidden_orders.Seen(trade, books[at]))
    return found
