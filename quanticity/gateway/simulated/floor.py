"""The trading floor: the exchange, what clients share, and who hears which news."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from quanticity.domain import clock
from quanticity.gateway.simulated import (
    account,
    account_messages,
    ledger,
    order_messages,
    truth_record,
)
from quanticity.gateway.simulated.bars import Bars
from quanticity.gateway.simulated.board import Board
from quanticity.gateway.simulated.contracts import Range
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.faults import Faults
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
from quanticity.gateway.simulated.pace import Lateness

if TYPE_CHECKING:
    from quanticity.gateway.simulated.connection import Connection


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
    messages_per_s: int
    historical_per_600s: int
    truth_every_s: float


class Floor:
    """Shared by all connections."""

    def __init__(
        self,
        exchange: Exchange,
        settings: Settings,
        faults: Faults,
        path: Path | None,
        truth: Path | None = None,
    ) -> None:
        self.exchange = exchange
        self.market = exchange.market
        self.settings = settings
        self.faults = faults
        self.board = Board(self.market)
        self.delayed_board = Board(self.market)
        self.bars = Bars(self.market)
        self.reach = Range(
            settings.daily_expiry_days, settings.weekly_expiry_days, settings.strike_width_frac
        )
        self.clients: dict[int, Connection] = {}
        self.taken_ids: dict[int, datetime] = {}
        self.account_changed = False
        self.lateness = Lateness(settings.pulse_s)
        self._path = path
        self._writer = ledger.Writer()
        self._truth = truth
        self._truth_due: datetime | None = None
        self._record = truth_record.Record(self.market, self.reach)

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

    def links(self) -> list[Connection]:
        """All clients."""
        return list(self.clients.values())

    def link(self, client_id: int) -> Connection | None:
        """One client, while it is connected."""
        return self.clients.get(client_id)

    def is_taken(self, client_id: int) -> bool:
        """Say whether a client id is still held by a connection that is half gone."""
        until = self.taken_ids.get(client_id)
        return until is not None and self.exchange.at < until

    def tell(self, news: Iterable[News]) -> None:
        """Save the books, then send news, as faults leave it, to those whom it concerns."""
        told = list(news)
        if any(not isinstance(item, Refused | WhatIf) for item in told):
            self.save()
        self.tell_plainly(self.faults.bend(told, self, self.exchange.at))

    def tell_plainly(self, news: Iterable[News]) -> None:
        """Send news as it is."""
        for item in news:
            if isinstance(item, PositionNews):
                self._tell_position(item.con_id)
                continue
            for link in self._owners(item):
                link.send(*_messages(item, link.version, self.account_id))

    def shout(self, code: int, text: str) -> None:
        """Tell every client a message of the system."""
        for link in self.links():
            link.error(-1, code, text)

    def save(self) -> None:
        """Rewrite the ledger file."""
        if self._path is not None:
            _write(self._path, self._writer.text(self.exchange.books, self.exchange.now))

    def keep_truth(self, now: datetime, *, at_once: bool = False) -> None:
        """Rewrite the truth file when it is due."""
        due = at_once or self._truth_due is None or now >= self._truth_due
        if self._truth is not None and due:
            self._truth_due = now + timedelta(seconds=self.settings.truth_every_s)
            _write(self._truth, self._record.text(now))

    # The client that placed the order, and the master client when there is one.
    def _owners(self, item: News) -> list[Connection]:
        wanted = {_owner(item), self.settings.master_client_id}
        return [link for ident, link in self.clients.items() if ident in wanted]

    def _tell_position(self, con_id: int) -> None:
        self.account_changed = True
        held = self.account.positions.get(con_id) or account.Position(con_id)
        name, mark = self.account_id, self.exchange.mark(con_id)
        for link in self.links():
            if link.wants_positions:
                link.send(account_messages.position(held, name))
            if link.wants_account:
                link.send(account_messages.portfolio(held, mark, name))


# A reader never sees half a file.
def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f"{path.name}.writing")
    scratch.write_text(text)
    scratch.replace(path)


def _owner(item: News) -> int:
    match item:
        case OrderNews(order) | StatusNews(order) | WhatIf(order):
            return order.client_id
        case Executed(execution) | Commissioned(execution):
            return execution.client_id
        case Refused():
            return item.client_id
    return -1


def _messages(item: News, version: int, account_id: str) -> list[bytes]:
    say = order_messages
    told: list[bytes] = []
    match item:
        case OrderNews(order):
            told = [say.open_order(order, version), say.order_status(order)]
        case StatusNews(order):
            told = [say.order_status(order)]
        case WhatIf(order):
            told = [say.open_order(order, version, item)]
        case Executed(execution):
            told = [say.exec_details(-1, execution, account_id, version)]
        case Commissioned(execution):
            told = [say.commission_report(execution)]
        case Refused():
            told = [say.error(item.order_id, item.code, item.text, version)]
    return told
