"""The recorder: the only shell between the market and the store.

The gateway process hands every fact over from its event loop (`take_*` only buffer), and a thread
of its own calls `flush` several times a second: the latest quotes and books, all prints, bars
closed by the clock, order-book imbalance once a second.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from analytics.calculators import order_book
from analytics.ingestion import bars as bar_rules
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.options import Chain
from quanticity.store import market, readings

_OBI_EVERY_S = 1.0


@dataclass(slots=True)
class _Buffer:
    quotes: dict[str, Quote] = field(default_factory=dict)
    contract_quotes: dict[str, Quote] = field(default_factory=dict)
    books: dict[str, Book] = field(default_factory=dict)
    imbalances: dict[str, Imbalance] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    trades: dict[str, list[Trade]] = field(default_factory=lambda: defaultdict(list))
    bars: dict[str, list[Bar]] = field(default_factory=lambda: defaultdict(list))


class Recorder:
    """Buffers facts from one thread, writes them from another."""

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._lock = threading.Lock()
        self._buffer = _Buffer()
        self._five_seconds: dict[str, list[Bar]] = defaultdict(list)
        self._minutes: dict[str, list[Bar]] = defaultdict(list)
        self._books: dict[str, Book] = {}
        self._obi: dict[str, order_book.State] = {}
        self._obi_at: dict[str, datetime] = {}
        self.refused: dict[str, int] = defaultdict(int)

    def take_quote(self, quote: Quote) -> None:
        """Keep the latest quote of an underlying."""
        with self._lock:
            self._buffer.quotes[quote.instrument] = quote

    def take_contract_quote(self, quote: Quote) -> None:
        """Keep the latest quote of an option contract."""
        with self._lock:
            self._buffer.contract_quotes[quote.instrument] = quote

    def take_trade(self, trade: Trade) -> None:
        """Keep a print."""
        with self._lock:
            self._buffer.trades[trade.instrument].append(trade)

    def take_book(self, book: Book) -> None:
        """Keep the latest book."""
        with self._lock:
            self._buffer.books[book.symbol] = book

    def take_bar(self, bar: Bar) -> None:
        """Keep a 5 s bar."""
        with self._lock:
            self._buffer.bars[bar.symbol].append(bar)

    def take_imbalance(self, imbalance: Imbalance) -> None:
        """Keep the latest auction ticks."""
        with self._lock:
            self._buffer.imbalances[imbalance.symbol] = imbalance

    def take_chain(self, chain: Chain) -> None:
        """Keep the latest chain."""
        with self._lock:
            self._buffer.chains[chain.underlying] = chain

    def flush(self) -> tuple[str, ...]:
        """Write what has come since the last flush; return the symbols with a new chain."""
        with self._lock:
            buffer, self._buffer = self._buffer, _Buffer()
        for quote in buffer.quotes.values():
            market.write_quote(quote)
        if buffer.contract_quotes:
            market.write_contract_quotes(buffer.contract_quotes.values())
        for symbol, trades in buffer.trades.items():
            market.add_trades(symbol, trades)
        for imbalance in buffer.imbalances.values():
            market.write_imbalance(imbalance)
        self._write_books(buffer.books)
        self._write_bars(buffer.bars)
        for chain in buffer.chains.values():
            market.write_chain(chain)
        return tuple(buffer.chains)

    def seed(self, symbol: str, minutes: Sequence[Bar]) -> None:
        """Begin a symbol's bar streams from history, oldest first."""
        settings = section("analytics.bars", bar_rules.Settings)
        fives, waiting = bar_rules.close(
            minutes, clock.now(), bar_rules.FIVE_MINUTES_S, settings
        )
        market.replace_bars(symbol, "1min", minutes[-market.BARS_KEPT :])
        market.replace_bars(symbol, "5min", fives[-market.BARS_KEPT :])
        self._minutes[symbol] = waiting

    def _write_books(self, books: dict[str, Book]) -> None:
        for book in books.values():
            market.write_book(book)
        self._books |= books
        now = clock.now()
        for symbol, book in self._books.items():
            last = self._obi_at.get(symbol)
            if last is None or (now - last).total_seconds() >= _OBI_EVERY_S:
                self._obi_at[symbol] = now
                self._write_obi(book)

    def _write_obi(self, book: Book) -> None:
        settings = section("analytics.order_book", order_book.Settings)
        before = self._obi.get(book.symbol, order_book.State())
        self._obi[book.symbol] = state = order_book.update(before, book, settings)
        result = order_book.compute(book, state, settings)
        readings.write(
            book.symbol, "obi", result,
            as_of=book.event_at, feed=self._feed, section="analytics.order_book",
        )  # fmt: skip

    def _write_bars(self, fresh: dict[str, list[Bar]]) -> None:
        settings = section("analytics.bars", bar_rules.Settings)
        now = clock.now()
        for symbol, bars in fresh.items():
            market.add_bars(symbol, "5s", bars)
            self._five_seconds[symbol].extend(bars)
        for symbol, pending in self._five_seconds.items():
            minutes, rest = bar_rules.close(pending, now, bar_rules.MINUTE_S, settings)
            self._five_seconds[symbol] = rest
            if minutes:
                market.add_bars(symbol, "1min", minutes)
                self._minutes[symbol].extend(minutes)
        for symbol, pending in self._minutes.items():
            fives, rest = bar_rules.close(pending, now, bar_rules.FIVE_MINUTES_S, settings)
            self._minutes[symbol] = rest
            if fives:
                market.add_bars(symbol, "5min", fives)
