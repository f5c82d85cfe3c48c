"""The recorder: the only shell between the market and the store.

The gateway process hands every fact over from its event loop (`take_*` only buffer), and a thread
of its own calls `flush` several times a second: the latest quotes and books, all prints, bars
closed by the clock, order-book imbalance once a second. What cannot be believed is refused and
counted by reason; the counts go to the store with each flush.
"""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from analytics.calculators import order_book
from analytics.chainfiles import roots
from analytics.ingestion import bars as bar_rules
from analytics.ingestion import book as book_rules
from analytics.ingestion import desk, sentinels
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.options import Chain
from quanticity.store import market, readings

_OBI_EVERY_S = 1.0
_BARS_EVERY = timedelta(seconds=0.1)  # between looks for ended minutes
_MINUTE = timedelta(seconds=bar_rules.MINUTE_S)
_REFUSALS = 2_000  # waiting to be looked at; the oldest go, and are counted all the same


class Refusal(NamedTuple):
    """A record that was not believed."""

    kind: str
    instrument: str
    reason: str
    value: Any
    recv_at: datetime


@dataclass(slots=True)
class _Buffer:
    quotes: dict[str, Quote] = field(default_factory=dict)
    contract_quotes: dict[str, Quote] = field(default_factory=dict)
    books: dict[str, list[Book]] = field(default_factory=lambda: defaultdict(list))
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
        self._closed_until: dict[str, datetime] = {}
        self._books: dict[str, Book] = {}
        self._obi: dict[str, order_book.State] = {}
        self._obi_at: dict[str, datetime] = {}
        self.refused: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._refusals: deque[Refusal] = deque(maxlen=_REFUSALS)
        self._events: list[desk.Event] = []
        self._barred_at = datetime.min.replace(tzinfo=UTC)
        self.on_fresh: Callable[[], None] = lambda: None  # somebody may want to flush now

    def take_quote(self, quote: Quote) -> None:
        """Keep the latest quote of an underlying."""
        with self._lock:
            if self._admits("quote", quote, sentinels.of_quote(quote)):
                self._buffer.quotes[quote.instrument] = quote
        self.on_fresh()

    def take_contract_quote(self, quote: Quote) -> None:
        """Keep the latest quote of an option contract."""
        with self._lock:
            if self._admits("contract_quote", quote, sentinels.of_quote(quote)):
                self._buffer.contract_quotes[quote.instrument] = quote
        self.on_fresh()

    def take_trade(self, trade: Trade) -> None:
        """Keep a print."""
        with self._lock:
            if self._admits("trade", trade, sentinels.of_trade(trade)):
                self._buffer.trades[trade.instrument].append(trade)
        self.on_fresh()

    def take_book(self, book: Book) -> None:
        """Keep a book."""
        with self._lock:
            self._buffer.books[book.symbol].append(book)
        self.on_fresh()

    def take_bar(self, bar: Bar) -> None:
        """Keep a 5 s bar."""
        with self._lock:
            if self._admits("bar", bar, sentinels.of_bar(bar)):
                self._buffer.bars[bar.symbol].append(bar)
        self.on_fresh()

    def take_imbalance(self, imbalance: Imbalance) -> None:
        """Keep the latest auction ticks."""
        with self._lock:
            self._buffer.imbalances[imbalance.symbol] = imbalance
        self.on_fresh()

    def take_chain(self, chain: Chain) -> None:
        """Keep the latest chain."""
        with self._lock:
            self._buffer.chains[chain.underlying] = chain
        self.on_fresh()

    def flush(self) -> tuple[str, ...]:
        """Write what has come since the last flush; return the symbols with a new chain."""
        with self._lock:
            buffer, self._buffer = self._buffer, _Buffer()
        with market.batch():
            for quote in buffer.quotes.values():
                market.write_quote(quote)
            market.write_contract_quotes(buffer.contract_quotes.values())
            self._write_trades(buffer.trades)
            for imbalance in buffer.imbalances.values():
                market.write_imbalance(imbalance)
            self._write_books(buffer.books, buffer.quotes)
            self._write_bars(buffer.bars)
        stands = tuple(symbol for symbol, chain in buffer.chains.items() if self._offer(chain))
        self._tell_refused()
        return stands

    def seed(self, symbol: str, minutes: Sequence[Bar]) -> None:
        """Begin a symbol's bar streams from history, oldest first; the running minute is ours."""
        settings = section("analytics.bars", bar_rules.Settings)
        now = clock.now()
        ended = [bar for bar in minutes if bar.open_at + _MINUTE <= now]
        fives, waiting = bar_rules.close(ended, now, bar_rules.FIVE_MINUTES_S, settings)
        market.replace_bars(symbol, "1min", ended[-market.BARS_KEPT :])
        market.replace_bars(symbol, "5min", fives[-market.BARS_KEPT :])
        self._minutes[symbol] = waiting
        if ended:
            self._close(symbol, ended[-1])

    def refusals(self) -> list[Refusal]:
        """What was refused since the last call."""
        with self._lock:
            found, self._refusals = self._refusals, deque(maxlen=_REFUSALS)
        return list(found)

    def _admits(self, kind: str, value: Quote | Trade | Bar, reason: str | None) -> bool:
        """Count a refusal under its reason, and keep it to be looked at."""
        if reason is None:
            return True
        self.refused[reason] += 1
        name = value.symbol if isinstance(value, Bar) else value.instrument
        self._refusals.append(Refusal(kind, name, reason, value, clock.now()))
        return False

    def events(self) -> list[desk.Event]:
        """What happened to sources since the last call."""
        with self._lock:
            found, self._events = self._events, []
        return found

    def _offer(self, chain: Chain) -> bool:
        stands, events = desk.offer(chain)
        with self._lock:
            self._events += events
        return stands

    def _tell_refused(self) -> None:
        with self._lock:
            fresh = self.refused - self._told
            self._told = self.refused.copy()
        if fresh:
            market.count_refused(calendar.session_date(clock.now()), fresh)

    def _write_trades(self, trades: dict[str, list[Trade]]) -> None:
        options: dict[str, list[Trade]] = defaultdict(list)
        for instrument, prints in trades.items():
            underlying = roots.underlying_of(instrument)
            if underlying is not None:
                options[underlying] += prints
            else:
                market.add_trades(instrument, prints)
        for underlying, prints in options.items():
            market.add_option_trades(underlying, sorted(prints, key=lambda each: each.event_at))

    def _write_books(self, books: dict[str, list[Book]], quotes: dict[str, Quote]) -> None:
        for symbol, quote in quotes.items():
            known = self._books.get(symbol)
            if symbol not in books and (known is None or known.synthetic):
                # A symbol without depth has a book of one level.
                self._books[symbol] = book_rules.from_quote(quote)
                market.write_book(self._books[symbol])
        for symbol, stood in books.items():
            market.write_book(stood[-1])
            market.add_books(symbol, stood)
            self._books[symbol] = stood[-1]
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
        now = clock.now()
        if not fresh and self._barred_at <= now < self._barred_at + _BARS_EVERY:
            return
        self._barred_at = now
        settings = section("analytics.bars", bar_rules.Settings)
        for symbol, arrived in fresh.items():
            bars = [bar for bar in arrived if self._is_open(bar)]
            market.add_bars(symbol, "5s", bars)
            self._five_seconds[symbol].extend(bars)
        for symbol, pending in self._five_seconds.items():
            minutes, rest = bar_rules.close(pending, now, bar_rules.MINUTE_S, settings)
            self._five_seconds[symbol] = rest
            if minutes:
                self._close(symbol, minutes[-1])
                market.add_bars(symbol, "1min", minutes)
                self._minutes[symbol].extend(minutes)
        for symbol, pending in self._minutes.items():
            fives, rest = bar_rules.close(pending, now, bar_rules.FIVE_MINUTES_S, settings)
            self._minutes[symbol] = rest
            if fives:
                market.add_bars(symbol, "5min", fives)

    def _is_open(self, bar: Bar) -> bool:
        """Whether the bar's minute still waits; a second bar of a closed minute is none."""
        late = bar.open_at < self._closed_until.get(bar.symbol, bar.open_at)
        with self._lock:
            return self._admits("bar", bar, "B_LATE" if late else None)

    def _close(self, symbol: str, minute: Bar) -> None:
        ended = minute.open_at + _MINUTE
        self._closed_until[symbol] = max(ended, self._closed_until.get(symbol, ended))
