"""The listener behind a guard: what it raises is logged and counted, and stops nothing."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.options import Chain
from quanticity.domain.orders import Account, Fill, OrderUpdate
from quanticity.gateway.ports import Connection, ContractQuote, Listener

log = logging.getLogger(__name__)


def tell(counters: Counter[str], take: Callable[..., None], *facts: Any) -> None:
    """Call; log and count an exception: the outermost frame of the broker's loop."""
    try:
        take(*facts)
    except Exception:
        counters["handler_errors"] += 1
        log.exception("a fact could not be taken: %s", facts)


class Guarded:
    """A `Listener` that never raises."""

    def __init__(self, listener: Listener, counters: Counter[str]) -> None:
        self._listener = listener
        self._counters = counters

    def on_connection(self, connection: Connection) -> None:
        """Pass on the link's state."""
        tell(self._counters, self._listener.on_connection, connection)

    def on_quote(self, quote: Quote) -> None:
        """Pass on a quote."""
        tell(self._counters, self._listener.on_quote, quote)

    def on_trade(self, trade: Trade) -> None:
        """Pass on a print."""
        tell(self._counters, self._listener.on_trade, trade)

    def on_book(self, book: Book) -> None:
        """Pass on a book."""
        tell(self._counters, self._listener.on_book, book)

    def on_bar(self, bar: Bar) -> None:
        """Pass on a bar."""
        tell(self._counters, self._listener.on_bar, bar)

    def on_imbalance(self, imbalance: Imbalance) -> None:
        """Pass on auction ticks."""
        tell(self._counters, self._listener.on_imbalance, imbalance)

    def on_contract_quote(self, quote: ContractQuote) -> None:
        """Pass on a quote of an option contract."""
        tell(self._counters, self._listener.on_contract_quote, quote)

    def on_chain(self, chain: Chain) -> None:
        """Pass on a chain."""
        tell(self._counters, self._listener.on_chain, chain)

    def on_order(self, update: OrderUpdate) -> None:
        """Pass on what was said of an order."""
        tell(self._counters, self._listener.on_order, update)

    def on_fill(self, fill: Fill) -> None:
        """Pass on a fill."""
        tell(self._counters, self._listener.on_fill, fill)

    def on_commission(self, exec_id: str, raw: Decimal | None, currency: str) -> None:
        """Pass on a commission."""
        tell(self._counters, self._listener.on_commission, exec_id, raw, currency)

    def on_account(self, account: Account) -> None:
        """Pass on account figures."""
        tell(self._counters, self._listener.on_account, account)

    def on_broker_time(self, broker_at: datetime, round_trip_s: float) -> None:
        """Pass on the broker's clock."""
        tell(self._counters, self._listener.on_broker_time, broker_at, round_trip_s)
