"""What any gateway to a market promises, in our words (HOUSE 9.8).

A `Gateway` is one connection with its feed and its trading; it runs on its own asyncio loop in the
one gateway process. Facts flow out through a `Listener`, whose methods only put them in a queue and
never raise; commands flow in through `Trading`, whose coroutines raise `TemporaryError` when the
broker did not answer in time (the outcome is then unknown) and `PermanentError` when it refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from quanticity.domain.calendar import Settlement
from quanticity.domain.instruments import OptionContract
from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.options import Chain
from quanticity.domain.orders import Account, Fill, Holding, Margin, OrderUpdate, Ticket


class ConnectionState(StrEnum):
    """How far the connection can be believed (DOMAIN 1.7)."""

    CONNECTED = "CONNECTED"
    DEGRADED = "DEGRADED"
    BLIND = "BLIND"
    RESTART_WINDOW = "RESTART_WINDOW"
    DISCONNECTED = "DISCONNECTED"


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of the link now; `last_message_at` is its health, not a socket flag.

    `has_orders`: orders can be sent and answered, whatever becomes of the market data.
    `opened_at` names the socket: another one is another connection.
    """

    state: ConnectionState
    since_at: datetime
    last_message_at: datetime | None
    account: str | None
    server_version: int | None
    data_lines: int
    detail: str = ""
    has_orders: bool = False
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContractDetails:
    """What the broker says of one option series; price increments as (from_price, tick).

    `open_spans`: the liquid hours as instants from and to, None when it does not say.
    """

    contract: OptionContract
    con_id: int
    underlying: str
    multiplier: int
    settlement: Settlement
    increments: tuple[tuple[Decimal, Decimal], ...]
    trading_hours: str
    liquid_hours: str
    open_spans: tuple[tuple[datetime, datetime], ...] | None = None


@dataclass(frozen=True, slots=True)
class ContractQuote:
    """Quote of one option contract with the broker's own Greeks (a cross-check, never used)."""

    contract: OptionContract
    con_id: int
    bid: float | None
    ask: float | None
    bid_size: int | None
    ask_size: int | None
    last: float | None
    volume: int | None
    open_interest: int | None
    event_at: datetime


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """One complete snapshot for reconciliation: every list arrived with its end message."""

    at: datetime
    holdings: tuple[Holding, ...]
    open_orders: tuple[OrderUpdate, ...]
    completed_orders: tuple[OrderUpdate, ...]
    fills: tuple[Fill, ...]
    account: Account | None
    share_fills: tuple[Fill, ...] = ()


class Listener(Protocol):
    """Receives facts; implementations only enqueue."""

    def on_connection(self, connection: Connection) -> None:
        """The state of the link changed, or is told again."""
        ...

    def on_quote(self, quote: Quote) -> None:
        """Best bid and ask of an underlying."""
        ...

    def on_trade(self, trade: Trade) -> None:
        """A print."""
        ...

    def on_book(self, book: Book) -> None:
        """A book with depth."""
        ...

    def on_bar(self, bar: Bar) -> None:
        """A 5 s bar."""
        ...

    def on_imbalance(self, imbalance: Imbalance) -> None:
        """Closing-auction ticks."""
        ...

    def on_contract_quote(self, quote: ContractQuote) -> None:
        """Best bid and ask of one option contract."""
        ...

    def on_chain(self, chain: Chain) -> None:
        """A whole chain."""
        ...

    def on_order(self, update: OrderUpdate) -> None:
        """What the broker says of one order."""
        ...

    def on_fill(self, fill: Fill) -> None:
        """An execution; it may be told again."""
        ...

    def on_commission(self, exec_id: str, raw: Decimal | None, currency: str) -> None:
        """The cost of an execution; None is "not set"."""
        ...

    def on_account(self, account: Account) -> None:
        """Account values."""
        ...

    def on_broker_time(self, broker_at: datetime, round_trip_s: float) -> None:
        """The broker's clock, and how long asking took."""
        ...


class MarketFeed(Protocol):
    """Subscriptions; data arrives at the listener."""

    async def watch(self, symbols: Sequence[str], depth: Sequence[str]) -> None:
        """Stream quotes, prints, 5 s bars and auction ticks; depth for some."""
        ...

    async def watch_chain(self, symbol: str) -> None:
        """Keep the chain of this underlying fresh: nearest expiries around the money."""
        ...

    async def hold(self, contracts: Sequence[OptionContract]) -> None:
        """Stream these contracts before everything else (held, pending, candidate)."""
        ...

    async def history(self, symbol: str, bar: str, days: int) -> tuple[Bar, ...]:
        """Past regular-session bars, `bar` one of `1 min`, `5 mins`, `1 day`; oldest first."""
        ...


class Trading(Protocol):
    """Orders; one writer in the whole platform."""

    async def next_order_id(self) -> int:
        """Return the lowest order id the broker will accept."""
        ...

    async def qualify(self, contract: OptionContract) -> ContractDetails:
        """Find exactly one listed contract, or raise PermanentError."""
        ...

    async def place(self, tickets: Sequence[tuple[int, int, Ticket]]) -> None:
        """Send a transmit chain of (order id, con id, ticket), parent first; live when complete."""
        ...

    async def amend(self, order_id: int, con_id: int, ticket: Ticket) -> None:
        """Resend an order with a new price or quantity; attached children keep their group."""
        ...

    async def cancel(self, order_id: int) -> None:
        """Ask for cancellation; only a later update says whether it happened."""
        ...

    async def what_if(self, order_id: int, con_id: int, ticket: Ticket) -> Margin:
        """Ask what this order would do to the account; nothing is sent, the id is used up."""
        ...

    async def facts(self) -> BrokerFacts:
        """Ask for everything needed to reconcile; raise TemporaryError when any end is missing."""
        ...


class Gateway(Protocol):
    """One broker connection."""

    feed: MarketFeed
    trading: Trading

    async def run(self) -> None:
        """Connect and stay connected until cancelled; never returns because the link dropped."""
        ...
