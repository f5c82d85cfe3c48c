"""The broker of a replay: orders go straight to the simulated exchange, its news become facts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from quanticity.domain import orders
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import Holding, OrderStatus, OrderUpdate
from quanticity.domain.readings import Unavailable
from quanticity.gateway.ports import BrokerFacts
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.orders import (
    Commissioned,
    Executed,
    Execution,
    News,
    Order,
    OrderNews,
    Refused,
    Status,
    StatusNews,
    WhatIf,
)
from quanticity.management.gateway.listener import CommissionFact, MoneyFact

CLIENT_ID = 101
_REJECTED = 201
_STATUS = {
    Status.PENDING_SUBMIT: OrderStatus.PENDING,
    Status.PRE_SUBMITTED: OrderStatus.WORKING,
    Status.SUBMITTED: OrderStatus.WORKING,
    Status.FILLED: OrderStatus.FILLED,
    Status.CANCELLED: OrderStatus.CANCELLED,
    Status.INACTIVE: OrderStatus.REJECTED,
}
# What the services hand over: order id and ticket, parent first.
Sent = Sequence[tuple[int, orders.Ticket]]


class Desk:
    """One client of the exchange; every call returns what the broker says of it, in order."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def next_order_id(self) -> int:
        """The lowest id the exchange will accept."""
        return self._exchange.books.next_order_id(CLIENT_ID)

    def place(self, chain: Sent) -> list[MoneyFact]:
        """Send a transmit chain; children hang on an entry, other orders live by themselves."""
        parent_id = chain[0][0]
        is_family = len(chain) > 1 and chain[0][1].role is orders.Role.ENTRY
        told: list[News] = []
        for n, (order_id, ticket) in enumerate(chain):
            order = self._order(order_id, ticket)
            order.parent_id = parent_id if is_family and n else 0
            order.transmit = not is_family or n == len(chain) - 1
            told += self._exchange.place(order)
        return self._facts(told)

    def amend(self, order_id: int, ticket: orders.Ticket) -> list[MoneyFact]:
        """Resend an order with another price or quantity."""
        order = self._order(order_id, ticket)
        known = self._exchange.books.order(CLIENT_ID, order_id)
        if known is not None:
            order.parent_id, order.oca_group = known.parent_id, known.oca_group
            order.oca_type = known.oca_type
        return self._facts(self._exchange.place(order))

    def cancel(self, order_id: int) -> list[MoneyFact]:
        """Ask for a cancellation."""
        return self._facts(self._exchange.cancel(CLIENT_ID, order_id))

    def step(self, at: datetime) -> list[MoneyFact]:
        """Let the exchange's time go on."""
        return self._facts(self._exchange.step(at))

    def what_if(self, ticket: orders.Ticket) -> orders.Margin | Unavailable:
        """What an order would do to the account; nothing is placed."""
        order = self._order(self.next_order_id, ticket)
        order.what_if = True
        for item in self._exchange.place(order):
            match item:
                case WhatIf(initial_after=initial, equity_after=equity, commission=cost):
                    return orders.Margin(initial, equity, cost, self._exchange.at)
                case Refused(text=text):
                    return Unavailable("what_if", "ERROR", text)
        return Unavailable("what_if", "NO_DATA")

    def account(self) -> orders.Account:
        """The account's figures now."""
        held, mark = self._exchange.books.account, self._exchange.mark
        available = held.available(mark)
        power = available * Decimal(str(held.settings.buying_power_multiple))
        return orders.Account(
            held.settings.account, held.equity(mark), power, available, held.cash,
            self._exchange.at,
        )  # fmt: skip

    def snapshot(self) -> BrokerFacts:
        """Everything that a reconciliation compares."""
        books = self._exchange.books
        updates = [self._update(order) for order in books.orders.values()]
        over = {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED}
        return BrokerFacts(
            at=self._exchange.at,
            holdings=tuple(self._holdings()),
            open_orders=tuple(u for u in updates if u.status not in over),
            completed_orders=tuple(u for u in updates if u.status in over),
            fills=tuple(self._fill(execution) for execution in books.executions),
            account=self.account(),
        )

    def _order(self, order_id: int, ticket: orders.Ticket) -> Order:
        con_id = listing.option_id(parse_occ(ticket.contract.occ))
        assert con_id is not None, ticket.contract.occ
        return Order(
            client_id=CLIENT_ID, order_id=order_id, con_id=con_id, action=ticket.side.value,
            quantity=Decimal(ticket.quantity), order_type=ticket.order_type.value,
            limit=ticket.limit_price, aux=ticket.stop_price, tif=ticket.time_in_force.value,
            oca_group=ticket.oca_group, oca_type=ticket.oca_type,
            account=self._exchange.books.account.settings.account, order_ref=ticket.order_ref,
        )  # fmt: skip

    def _facts(self, news: Iterable[News]) -> list[MoneyFact]:
        facts: list[MoneyFact] = []
        for item in news:
            match item:
                case OrderNews(order) | StatusNews(order):
                    facts.append(self._update(order))
                case Executed(execution):
                    facts.append(self._fill(execution))
                case Commissioned(execution):
                    facts.append(CommissionFact(execution.exec_id, execution.commission, "USD"))
                case Refused(client_id, order_id, code, text) if code == _REJECTED:
                    refused = self._exchange.books.order(client_id, order_id)
                    if refused is not None:
                        facts.append(self._update(refused, code, text))
        return facts

    def _update(self, order: Order, code: int | None = None, text: str = "") -> OrderUpdate:
        is_stop = order.order_type == orders.OrderType.STOP
        return OrderUpdate(
            order.order_ref, order.order_id, order.perm_id, order.con_id, Side(order.action),
            int(order.quantity), int(order.filled), _STATUS[order.status],
            None if is_stop else order.limit, order.aux if is_stop else None, self._exchange.at,
            code, text,
        )  # fmt: skip

    def _fill(self, execution: Execution) -> orders.Fill:
        sign = 1 if execution.action == "BUY" else -1
        return orders.Fill(
            execution.exec_id, execution.order_ref, execution.perm_id,
            _contract(execution.con_id), execution.con_id, sign * int(execution.quantity),
            execution.price, execution.at, self._exchange.books.account.settings.account,
            execution.commission,
        )  # fmt: skip

    def _holdings(self) -> Iterable[Holding]:
        account = self._exchange.books.account
        for con_id, held in account.positions.items():
            yield Holding(
                account.settings.account, con_id, _contract(con_id).occ, int(held.quantity),
                held.average_cost,
            )  # fmt: skip


def _contract(con_id: int) -> OptionContract:
    found = listing.option_of_id(con_id)
    assert found is not None, con_id
    return found
