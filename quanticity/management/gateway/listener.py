"""What the gateway tells, sorted: market facts to the recorder, money facts to a queue.

Methods run on the gateway's event loop and only buffer; nothing here touches SQL or Redis.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.ingestion.recorder import Recorder
from quanticity.domain import clock, orders
from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.options import Chain
from quanticity.gateway.ports import Connection, ContractQuote


@dataclass(frozen=True, slots=True)
class CommissionFact:
    """The cost of one execution, as said."""

    exec_id: str
    raw: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A new connection: what follows in the queue came over it."""

    at: datetime


MoneyFact = orders.OrderUpdate | orders.Fill | orders.Account | CommissionFact | Opened


class FactListener:
    """Sorts facts; the queue of money facts is drained by one writer, in order of arrival."""

    def __init__(
        self, recorder: Recorder, tape: Callable[[str, object], None] | None = None
    ) -> None:
        self._recorder = recorder
        self._tape = tape or (lambda _kind, _value: None)
        self.money: deque[MoneyFact] = deque()
        self.quotes: dict[str, Quote] = {}  # of option contracts, by code; see `forget_quotes`
        self.entries: dict[str, int] = {}  # that work at the broker, by reference: their order ids
        self.connection: Connection | None = None
        self.broker_time: tuple[datetime, datetime] | None = None
        self.heard: Callable[[str, datetime], None] = lambda _symbol, _at: None

    def on_connection(self, connection: Connection) -> None:
        """Remember the link's state; queue that it is another connection."""
        self._tape("connection", connection)
        before, self.connection = self.connection, connection
        opened_at = connection.opened_at
        if opened_at is not None and (before is None or before.opened_at != opened_at):
            self.money.append(Opened(opened_at))

    def on_quote(self, quote: Quote) -> None:
        """Pass on a quote."""
        self._tape("quote", quote)
        self.heard(quote.instrument, quote.recv_at)
        self._recorder.take_quote(quote)

    def on_trade(self, trade: Trade) -> None:
        """Pass on a print."""
        self._tape("trade", trade)
        self._recorder.take_trade(trade)

    def on_book(self, book: Book) -> None:
        """Pass on a book."""
        self._tape("book", book)
        self._recorder.take_book(book)

    def on_bar(self, bar: Bar) -> None:
        """Pass on a 5 s bar."""
        self._tape("bar", bar)
        self._recorder.take_bar(bar)

    def on_imbalance(self, imbalance: Imbalance) -> None:
        """Pass on auction ticks."""
        self._tape("imbalance", imbalance)
        self._recorder.take_imbalance(imbalance)

    def on_contract_quote(self, quote: ContractQuote) -> None:
        """Pass on an option's quote, under its OCC code."""
        under_code = Quote(
            quote.contract.occ, quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.last,
            quote.event_at, clock.now(),
        )  # fmt: skip
        self.quotes[under_code.instrument] = under_code
        self._tape("contract_quote", under_code)
        self._recorder.take_contract_quote(under_code)

    def quote_of(self, code: str) -> Quote | None:
        """The latest quote of one option contract."""
        return self.quotes.get(code)

    def forget_quotes(self, before: datetime) -> None:
        """Let go of quotes that nobody may act on any more."""
        self.quotes = {code: q for code, q in self.quotes.items() if q.event_at >= before}

    def on_chain(self, chain: Chain) -> None:
        """Pass on a chain."""
        self._tape("chain", chain)
        self._recorder.take_chain(chain)

    def on_order(self, update: orders.OrderUpdate) -> None:
        """Queue what the broker says of an order."""
        self._tape("order", update)
        self.money.append(update)
        if update.order_ref.rpartition(":")[2][:1] == orders.Role.ENTRY:
            self._note_entry(update)

    def on_fill(self, fill: orders.Fill) -> None:
        """Queue an execution."""
        self._tape("fill", fill)
        self.money.append(fill)

    def on_commission(self, exec_id: str, raw: Decimal | None, currency: str) -> None:
        """Queue a cost."""
        fact = CommissionFact(exec_id, raw, currency)
        self._tape("commission", fact)
        self.money.append(fact)

    def on_account(self, account: orders.Account) -> None:
        """Queue account values."""
        self._tape("account", account)
        self.money.append(account)

    def _note_entry(self, update: orders.OrderUpdate) -> None:
        if update.status is orders.OrderStatus.WORKING and update.order_id:
            self.entries[update.order_ref] = update.order_id
        else:
            self.entries.pop(update.order_ref, None)

    def on_broker_time(self, broker_at: datetime, round_trip_s: float) -> None:
        """Remember the broker's clock beside ours, as of the middle of the round trip."""
        half = timedelta(seconds=round_trip_s / 2 * clock.speed())
        self.broker_time = (broker_at, clock.now() - half)
