"""The trading floor: the exchange, what clients share, and who hears which news."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from quanticity.domain import clock
from quanticity.gateway.simulated import account, account_messages, ledger, order_messages
from quanticity.gateway.simulated.bars import Bars
from quanticity.gateway.simulated.board import Board
from quanticity.gateway.simulated.contracts import Range
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.orders import (
    Commissioned,
    Executed,
    News,
    OrderNews,
    PositionNews,
    Refused,
    StatusNews,
    WhatIf,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of a client, and the rhythm of the server."""

    daily_expiry_days: int
    weekly_expiry_days: int
    strike_width_frac: float
    data_lines: int
    depth_subscriptions: int
    tick_by_tick_subscriptions: int
    account_refresh_s: float
    pulse_s: float
    master_client_id: int
    most_unsent_bytes: int
    historical_per_600s: int


class Listener(Protocol):
    """A connected client, as far as news goes."""

    client_id: int
    version: int
    wants_positions: bool
    wants_account: bool

    def send(self, *messages: bytes) -> None:
        """Write messages to the client."""
        ...


class Floor:
    """Shared by all connections."""

    def __init__(self, exchange: Exchange, settings: Settings, path: Path | None) -> None:
        self.exchange = exchange
        self.market = exchange.market
        self.settings = settings
        self.board = Board(self.market)
        self.bars = Bars(self.market)
        self.reach = Range(
            settings.daily_expiry_days, settings.weekly_expiry_days, settings.strike_width_frac
        )
        self.listeners: dict[int, Listener] = {}
        self._path = path

    @property
    def account(self) -> account.Account:
        """The one account."""
        return self.exchange.books.account

    @property
    def account_id(self) -> str:
        """Its number."""
        return self.account.settings.account

    def now(self) -> datetime:
        """Bring the exchange to the platform's present and return that instant."""
        at = clock.now()
        if self.exchange.now is None or at > self.exchange.now:
            self.tell(self.exchange.step(at))
        return at

    def tell(self, news: Iterable[News]) -> None:
        """Send news to those whom it concerns, and save the books when they changed."""
        told = list(news)
        for item in told:
            self._tell_one(item)
        if any(not isinstance(item, Refused | WhatIf) for item in told):
            self.save()

    def save(self) -> None:
        """Rewrite the ledger file."""
        if self._path is None:
            return
        content = json.dumps(ledger.write(self.exchange.books, self.exchange.now), indent=1)
        scratch = self._path.with_suffix(".writing")
        scratch.write_text(content)
        scratch.replace(self._path)

    def _tell_one(self, item: News) -> None:
        if isinstance(item, PositionNews):
            self._tell_position(item.con_id)
            return
        for listener in self._owners(item):
            listener.send(*self._messages(item, listener.version))

    def _messages(self, item: News, version: int) -> list[bytes]:
        match item:
            case OrderNews(order):
                return [
                    order_messages.open_order(order, version),
                    order_messages.order_status(order),
                ]
            case StatusNews(order):
                return [order_messages.order_status(order)]
            case WhatIf(order):
                return [order_messages.open_order(order, version, item)]
            case Executed(execution):
                return [order_messages.exec_details(-1, execution, self.account_id, version)]
            case Commissioned(execution):
                return [order_messages.commission_report(execution)]
            case Refused():
                return [order_messages.error(item.order_id, item.code, item.text, version)]
        return []

    # The client that placed the order, and the master client when there is one.
    def _owners(self, item: News) -> list[Listener]:
        if isinstance(item, OrderNews | StatusNews | WhatIf):
            owner = item.order.client_id
        elif isinstance(item, Executed | Commissioned):
            owner = item.execution.client_id
        elif isinstance(item, Refused):
            owner = item.client_id
        else:
            return []
        wanted = {owner, self.settings.master_client_id}
        return [listener for ident, listener in self.listeners.items() if ident in wanted]

    def _tell_position(self, con_id: int) -> None:
        held = self.account.positions.get(con_id) or account.Position(con_id)
        name, mark = self.account_id, self.exchange.mark(con_id)
        for listener in self.listeners.values():
            if listener.wants_positions:
                listener.send(
                    account_messages.position(con_id, held.quantity, held.average_cost, name)
                )
            if listener.wants_account:
                listener.send(account_messages.portfolio(held, mark, name))
