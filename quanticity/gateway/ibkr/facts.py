"""The snapshot for reconciliation: each list with its own deadline, complete or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from ib_insync import Fill, Position, Trade

from quanticity.domain import clock
from quanticity.domain.orders import Account, OrderUpdate
from quanticity.gateway.ibkr import translate
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ibkr.tap import TappedIB
from quanticity.gateway.ports import BrokerFacts

T = TypeVar("T")
# The library's own names of requests that have no number.
_KEYS = {
    "account values": "accountValues",
    "positions": "positions",
    "open orders": "openOrders",
    "completed orders": "completedOrders",
}


class Facts:
    """Asks for positions, orders, executions and the account, one snapshot at a time."""

    def __init__(self, link: Link, settings: Settings) -> None:
        self._link = link
        self._settings = settings
        # Open and all open orders share one future in the library: never two at once.
        self._asking = asyncio.Lock()
        self._telling: asyncio.TimerHandle | None = None
        self._values: dict[tuple[str, str], str] = {}
        self._day_pnl: Decimal | None = None

    def on_connecting(self) -> None:
        """A new connection: its day P&L has not been said yet."""
        self._day_pnl = None

    def on_account_value(self, tag: str, value: str, currency: str) -> None:
        """Keep one account figure."""
        if tag not in translate.ACCOUNT_TAGS or self._values.get((tag, currency)) == value:
            return
        self._values[tag, currency] = value
        self._tell_soon()

    def on_day_pnl(self, usd: Decimal | None) -> None:
        """Keep the day as the broker counts it; None is "not set"."""
        if usd != self._day_pnl:
            self._day_pnl = usd
            self._tell_soon()

    def _tell_soon(self) -> None:
        # The figures come one by one; they are told together.
        if self._telling is None:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_later(self._settings.account_every_s, self.tell_account)

    def tell_account(self) -> None:
        """Tell the account's figures, when all of them are known."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        account = self.account
        if account is not None:
            self._link.listener.on_account(account)

    @property
    def account(self) -> Account | None:
        """The account as last heard."""
        return translate.account(self._link.account, self._values, self._day_pnl, clock.now())

    async def ask(self) -> BrokerFacts:
        """Everything the broker knows; raise TemporaryError when any end is missing."""
        async with self._asking:
            await self._ask("account values", lambda ib: ib.reqAccountUpdatesAsync(self._account))
            positions = await self._ask("positions", lambda ib: ib.reqPositionsAsync())
            opened = await self._ask("open orders", lambda ib: ib.reqAllOpenOrdersAsync())
            completed = await self._ask(
                "completed orders", lambda ib: ib.reqCompletedOrdersAsync(False)
            )
            # Last, so that every fill of an order seen above is among them or still to come.
            executed = await self._ask("executions", lambda ib: ib.reqExecutionsAsync())
        self.tell_account()
        return self._snapshot(positions, opened, completed, executed)

    async def _ask(self, what: str, request: Callable[[TappedIB], Awaitable[T]]) -> T:
        return await self._link.ask(what, request, self._settings.facts_s, _KEYS.get(what, ""))

    @property
    def _account(self) -> str:
        return self._link.account

    def _snapshot(
        self,
        positions: Iterable[Position],
        opened: Iterable[Trade],
        completed: Iterable[Trade],
        executed: Iterable[Fill],
    ) -> BrokerFacts:
        """The lists in our words, of our account alone."""
        account, at = self._account, clock.now()
        ours = {account, ""}
        return BrokerFacts(
            at=at,
            holdings=tuple(
                translate.holding(one)
                for one in positions
                if one.account == account and one.position
            ),
            open_orders=tuple(_working(one, at) for one in opened if one.order.account in ours),
            completed_orders=tuple(
                translate.completed(one.order, one.contract.conId, one.orderStatus.status, at)
                for one in completed
                if one.order.account in ours
            ),
            fills=tuple(
                translate.fill(one.contract, one.execution)
                for one in executed
                if one.execution.acctNumber == account and translate.is_ours(one.contract)
            ),
            share_fills=tuple(
                translate.fill(one.contract, one.execution)
                for one in executed
                if one.execution.acctNumber == account and translate.is_shares(one.contract)
            ),
            account=self.account,
        )


def _working(one: Trade, at: datetime) -> OrderUpdate:
    state = translate.status(one.orderStatus.status)
    return translate.order_update(one.order, one.contract.conId, state, one.orderStatus.filled, at)
