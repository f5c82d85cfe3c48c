"""The snapshot for reconciliation: each list with its own deadline, complete or not at all."""

import asyncio
from decimal import Decimal

from quanticity.domain import clock
from quanticity.domain.orders import Account
from quanticity.gateway.ibkr import translate
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ports import BrokerFacts


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
        account, deadline_s = self._link.account, self._settings.facts_s
        ask = self._link.ask
        async with self._asking:
            await ask(
                "account values",
                lambda ib: ib.reqAccountUpdatesAsync(account),
                deadline_s,
                "accountValues",
            )
            positions = await ask(
                "positions", lambda ib: ib.reqPositionsAsync(), deadline_s, "positions"
            )
            opened = await ask(
                "open orders", lambda ib: ib.reqAllOpenOrdersAsync(), deadline_s, "openOrders"
            )
            completed = await ask(
                "completed orders",
                lambda ib: ib.reqCompletedOrdersAsync(False),
                deadline_s,
                "completedOrders",
            )
            # Last, so that every fill of an order seen above is among them or still to come.
            executed = await ask("executions", lambda ib: ib.reqExecutionsAsync(), deadline_s)
        self.tell_account()
        at = clock.now()
        return BrokerFacts(
            at=at,
            holdings=tuple(
                translate.holding(position)
                for position in positions
                if position.account == account and position.position
            ),
            open_orders=tuple(
                translate.order_update(
                    trade.order,
                    trade.contract.conId,
                    translate.status(trade.orderStatus.status),
                    trade.orderStatus.filled,
                    at,
                )
                for trade in opened
                if trade.order.account in {account, ""}
            ),
            completed_orders=tuple(
                translate.completed(trade.order, trade.contract.conId, trade.orderStatus.status, at)
                for trade in completed
                if trade.order.account in {account, ""}
            ),
            fills=tuple(
                translate.fill(fill.contract, fill.execution)
                for fill in executed
                if fill.execution.acctNumber == account and translate.is_ours(fill.contract)
            ),
            account=self.account,
        )
