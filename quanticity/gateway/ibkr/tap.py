"""The client library's wrapper, tapped: every message also reaches us, raw and at once.

The library is used as it is; this subclass adds what it would keep to itself or get wrong:
an error is not taken for the death of an order, a commission that comes before its execution is
not dropped, prints keep their own time, a late end message does not end the next request, and an
exception in our code is logged and counted instead of lost (TWS_PROTOCOL 3).
"""
# ruff: noqa: N802, N803, D102, ARG002 - methods and arguments bear the library's names
# mypy: disable-error-code="no-untyped-call"

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from ib_insync import IB, CommissionReport, Contract, Execution, Order
from ib_insync import OrderState as TheirState
from ib_insync.client import Client
from ib_insync.wrapper import Wrapper

from quanticity.gateway.ibkr import translate
from quanticity.gateway.ibkr.guarded import tell

log = logging.getLogger(__name__)
# Order ids are the platform's, from the broker's next valid id upwards; requests count from here,
# so that an error message can never mean both.
FIRST_REQUEST_ID = 1_000_000_000


class LinkSink(Protocol):
    """Hears about the link itself."""

    def on_packet(self) -> None: ...
    def on_next_order_id(self, order_id: int) -> None: ...
    def on_error(self, req_id: int, code: int, text: str) -> None: ...


class MarketSink(Protocol):
    """Hears market data by request id."""

    def on_price(self, req_id: int, tick: int, price: float, size: float) -> None: ...
    def on_size(self, req_id: int, tick: int, size: float) -> None: ...
    def on_text(self, req_id: int, tick: int, text: str) -> None: ...
    def on_data_type(self, req_id: int, kind: int) -> None: ...
    def on_model(self, req_id: int, tick: int, values: tuple[float, ...]) -> None: ...
    def on_tick_by_tick(
        self, req_id: int, epoch_s: int, price: float, size: float, venue: str, conditions: str
    ) -> None: ...
    def on_bar(self, req_id: int, epoch_s: int, values: tuple[float, ...]) -> None: ...
    def on_depth(
        self, req_id: int, position: int, operation: int, side: int, row: tuple[float, float, str]
    ) -> None: ...
    def on_packet_end(self) -> None: ...


class OrderSink(Protocol):
    """Hears about orders, executions and the account."""

    def on_open_order(self, contract: Contract, order: Order, state: TheirState) -> None: ...
    def on_order_status(
        self, client_id: int, order_id: int, perm_id: int, status: str, filled: float
    ) -> None: ...
    def on_order_error(self, order_id: int, code: int, text: str) -> None: ...
    def on_execution(self, contract: Contract, execution: Execution) -> None: ...
    def on_commission_report(self, report: CommissionReport) -> None: ...
    def on_account_value(self, account: str, tag: str, value: str, currency: str) -> None: ...
    def on_day_pnl(self, usd: float) -> None: ...


class Tap(Wrapper):
    """The library's wrapper that also tells three sinks."""

    def __init__(
        self, ib: IB, link: LinkSink, market: MarketSink, orders: OrderSink, counters: Counter[str]
    ) -> None:
        self.link, self.market, self.orders = link, market, orders
        self.counters = counters
        self.owed: Counter[str] = Counter()
        super().__init__(ib)

    def forgive(self, key: str) -> None:
        """Give up a request without a number; its end, if it still comes, ends nothing."""
        self._futures.pop(key, None)
        self._results.pop(key, None)
        self.owed[key] += 1

    def is_order(self, number: int) -> bool:
        """Say whether a number in an error message is an order's."""
        return 0 < number < FIRST_REQUEST_ID and number not in self._futures

    # Messages from here on, in the library's names.

    def tcpDataArrived(self) -> None:
        super().tcpDataArrived()
        self._tell(self.link.on_packet)

    def tcpDataProcessed(self) -> None:
        super().tcpDataProcessed()
        self._tell(self.market.on_packet_end)

    def nextValidId(self, reqId: int) -> None:
        self._tell(self.link.on_next_order_id, reqId)
        self.ib.client.updateReqId(FIRST_REQUEST_ID)

    def error(
        self, reqId: int, errorCode: int, errorString: str, advancedOrderRejectJson: str = ""
    ) -> None:
        if self.is_order(reqId):
            log.info("order %s: %s %s", reqId, errorCode, errorString)
            self._tell(self.orders.on_order_error, reqId, errorCode, errorString)
            return
        super().error(reqId, errorCode, errorString, advancedOrderRejectJson)
        self._tell(self.link.on_error, reqId, errorCode, errorString)

    def openOrder(
        self, orderId: int, contract: Contract, order: Order, orderState: TheirState
    ) -> None:
        if order.whatIf and translate.margin_change(orderState) is None:
            return  # TWS may first answer with unset margins (pitfall 4)
        super().openOrder(orderId, contract, order, orderState)
        if not order.whatIf:
            self._tell(self.orders.on_open_order, contract, order, orderState)

    def orderStatus(self, orderId: int, status: str, filled: float, *rest: Any) -> None:
        super().orderStatus(orderId, status, filled, *rest)
        perm_id, client_id = rest[2], rest[5]
        self._tell(self.orders.on_order_status, client_id, orderId, perm_id, status, filled)

    def execDetails(self, reqId: int, contract: Contract, execution: Execution) -> None:
        super().execDetails(reqId, contract, execution)
        self._tell(self.orders.on_execution, contract, execution)

    def commissionReport(self, commissionReport: CommissionReport) -> None:
        self._tell(self.orders.on_commission_report, commissionReport)
        super().commissionReport(commissionReport)

    def updateAccountValue(self, tag: str, val: str, currency: str, account: str) -> None:
        super().updateAccountValue(tag, val, currency, account)
        self._tell(self.orders.on_account_value, account, tag, val, currency)

    def pnl(self, reqId: int, dailyPnL: float, unrealizedPnL: float, realizedPnL: float) -> None:
        super().pnl(reqId, dailyPnL, unrealizedPnL, realizedPnL)
        self._tell(self.orders.on_day_pnl, dailyPnL)

    def currentTime(self, time: int) -> None:
        if not self._was_owed("currentTime"):
            super().currentTime(time)

    def positionEnd(self) -> None:
        if not self._was_owed("positions"):
            super().positionEnd()

    def openOrderEnd(self) -> None:
        if not self._was_owed("openOrders"):
            super().openOrderEnd()

    def completedOrdersEnd(self) -> None:
        if not self._was_owed("completedOrders"):
            super().completedOrdersEnd()

    def accountDownloadEnd(self, _account: str) -> None:
        if not self._was_owed("accountValues"):
            super().accountDownloadEnd(_account)

    def completedOrder(self, contract: Contract, order: Order, orderState: TheirState) -> None:
        if "completedOrders" in self._results:
            super().completedOrder(contract, order, orderState)

    # Market data bypasses the library's tickers: we keep our own lines.

    def priceSizeTick(self, reqId: int, tickType: int, price: float, size: float) -> None:
        self._tell(self.market.on_price, reqId, tickType, price, size)

    def tickSize(self, reqId: int, tickType: int, size: float) -> None:
        self._tell(self.market.on_size, reqId, tickType, size)

    def tickString(self, reqId: int, tickType: int, value: str) -> None:
        self._tell(self.market.on_text, reqId, tickType, value)

    def marketDataType(self, reqId: int, marketDataId: int) -> None:
        self._tell(self.market.on_data_type, reqId, marketDataId)

    def tickOptionComputation(
        self, reqId: int, tickType: int, tickAttrib: int, *values: float
    ) -> None:
        self._tell(self.market.on_model, reqId, tickType, values)

    def tickByTickAllLast(
        self,
        reqId: int,
        tickType: int,
        time: int,
        price: float,
        size: float,
        tickAttribLast: object,
        exchange: str,
        specialConditions: str,
    ) -> None:
        self._tell(
            self.market.on_tick_by_tick, reqId, time, price, size, exchange, specialConditions
        )

    def realtimeBar(self, reqId: int, time: int, *values: float) -> None:
        self._tell(self.market.on_bar, reqId, time, values)

    def updateMktDepthL2(
        self,
        reqId: int,
        position: int,
        marketMaker: str,
        operation: int,
        side: int,
        price: float,
        size: float,
        isSmartDepth: bool = False,
    ) -> None:
        row = (price, size, marketMaker)
        self._tell(self.market.on_depth, reqId, position, operation, side, row)

    def _was_owed(self, key: str) -> bool:
        if not self.owed[key]:
            return False
        self.owed[key] -= 1
        return True

    def _tell(self, take: Callable[..., None], *facts: Any) -> None:
        tell(self.counters, take, *facts)


class TappedIB(IB):
    """The library's client with the tap in it."""

    RaiseRequestErrors = True
    wrapper: Tap

    def __init__(
        self, link: LinkSink, market: MarketSink, orders: OrderSink, counters: Counter[str]
    ) -> None:
        super().__init__()
        self.wrapper = Tap(self, link, market, orders, counters)
        self.client = Client(self.wrapper)
        self.client.apiEnd += self.disconnectedEvent

    def overhear(self, hear: Callable[[list[str]], None]) -> None:
        """Pass each raw message on before it is read."""
        read = self.client.decoder.interpret

        def heard(message: list[str]) -> None:
            hear(message)
            read(message)

        self.client.decoder.interpret = heard  # type: ignore[method-assign] # the only place that sees raw messages

    def __del__(self) -> None:
        """The link closes what it opened; the library would close again, whenever collected."""

    def _onError(self, reqId: int, errorCode: int, errorString: str, contract: object) -> None:
        """Ask for no account summary at 1102: the third one would be refused (pitfall 13)."""
