"""A broker by hand: it takes bracket chains, fills on command, and never forgets.

It keeps its own ledger, so that a test can hold our book against it. Told facts go to a listener;
a silent broker tells nobody, as when the line is cut behind the order.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from quanticity.domain import clock
from quanticity.domain.calendar import Settlement
from quanticity.domain.errors import TemporaryError
from quanticity.domain.instruments import OptionContract
from quanticity.domain.market import Side
from quanticity.domain.orders import (
    Account,
    Fill,
    Holding,
    Margin,
    OrderStatus,
    OrderUpdate,
    Ticket,
)
from quanticity.gateway.ports import BrokerFacts, ContractDetails

COST = Decimal("0.65")  # USD per contract


class Crash(Exception):  # noqa: N818 - it is named after what happened
    """The process died here."""


@dataclass(slots=True)
class Working:
    """An order as the broker has it."""

    order_id: int
    perm_id: int
    con_id: int
    ticket: Ticket
    parent: str
    filled: int = 0
    status: OrderStatus = OrderStatus.WORKING


class FakeBroker:
    """Holds orders, executions and positions of one account."""

    def __init__(self, listener: Any = None, account: str = "DU1") -> None:
        self.listener, self.account = listener, account
        self.orders: dict[str, Working] = {}
        self.arrived: list[str] = []
        self.used_ids: list[int] = []
        self.fills: list[Fill] = []
        self.dies_after: int | None = None  # tickets of a chain that still get through
        self.is_deaf = False  # no answer to a chain
        self.con_id = 77

    # --- Trading -------------------------------------------------------------------------------
    async def next_order_id(self) -> int:
        return max(self.used_ids, default=0) + 1

    async def qualify(self, contract: OptionContract) -> ContractDetails:
        return ContractDetails(
            contract, self.con_id, contract.root, 100, Settlement.PM_PHYSICAL,
            ((Decimal(0), Decimal("0.01")),), "", "",
        )  # fmt: skip

    async def place(self, tickets: Sequence[tuple[int, int, Ticket]]) -> None:
        self.take(tickets)

    async def amend(self, order_id: int, con_id: int, ticket: Ticket) -> None:
        self.revise(order_id, ticket)

    async def cancel(self, order_id: int) -> None:
        self.end(self._by_id(order_id).ticket.order_ref, OrderStatus.CANCELLED)

    async def what_if(self, order_id: int, con_id: int, ticket: Ticket) -> Margin:
        assert order_id not in self.used_ids, f"order id {order_id} used twice"
        self.used_ids.append(order_id)
        paid = (ticket.limit_price or Decimal(0)) * ticket.quantity * 100
        return Margin(Decimal(0), self.values().equity_usd - paid, COST, clock.now())

    async def facts(self) -> BrokerFacts:
        return self.snapshot()

    # --- what a test makes happen -----------------------------------------------------------------
    def take(self, tickets: Sequence[tuple[int, int, Ticket]]) -> None:
        """Take a chain; it lives only when its last ticket has arrived."""
        parent = tickets[0][2].order_ref
        chain = []
        for n, (order_id, con_id, ticket) in enumerate(tickets):
            if n == self.dies_after:
                raise Crash(f"after {n} tickets")  # an untransmitted chain dies with the client
            assert order_id not in self.used_ids, f"order id {order_id} used twice"
            self.arrived.append(ticket.order_ref)
            self.used_ids.append(order_id)
            above = parent if n else ""
            chain.append(Working(order_id, 1_000 + order_id, con_id, ticket, above))
        self.orders |= {order.ticket.order_ref: order for order in chain}
        if self.dies_after == len(tickets):
            raise Crash("after the chain")
        if self.is_deaf:
            raise TemporaryError("no answer to the chain")
        for _, _, ticket in tickets:
            self._tell(ticket.order_ref)

    def fill(self, ref: str, quantity: int, price: str) -> Fill:
        """Execute part of an order, report its cost, end what hangs together with it."""
        order = self.orders[ref]
        order.filled += quantity
        made = self._execution(order, quantity, Decimal(price))
        self.fills.append(made)
        if order.filled == order.ticket.quantity:
            order.status = OrderStatus.FILLED
        self._say("on_fill", made)
        self._say("on_commission", made.exec_id, COST * quantity, "USD")
        self._tell(ref)
        if order.status is OrderStatus.FILLED and order.parent:
            self._end_siblings(order)
        return made

    def revise(self, order_id: int, ticket: Ticket) -> None:
        """Work an order on other terms, and say so."""
        self._by_id(order_id).ticket = ticket
        self._tell(ticket.order_ref)

    def end(self, ref: str, status: OrderStatus) -> None:
        """Cancel or reject an order that works."""
        if self.orders[ref].status is OrderStatus.WORKING:
            self.orders[ref].status = status
            self._tell(ref)

    def snapshot(self) -> BrokerFacts:
        """Everything at once; costs are told beside it, as after a request for executions."""
        for fill in self.fills:
            self._say("on_commission", fill.exec_id, COST * abs(fill.quantity), "USD")
        updates = [self.update(ref) for ref in self.orders]
        return BrokerFacts(
            at=clock.now(), holdings=self.holdings(),
            open_orders=tuple(u for u in updates if u.status is OrderStatus.WORKING),
            completed_orders=tuple(u for u in updates if u.status is not OrderStatus.WORKING),
            fills=tuple(self.fills), account=self.values(),
        )  # fmt: skip

    def holdings(self) -> tuple[Holding, ...]:
        """What the account holds."""
        held: Counter[tuple[int, str]] = Counter()
        for fill in self.fills:
            held[fill.con_id, fill.contract.occ] += fill.quantity
        return tuple(
            Holding(self.account, con_id, occ, n, Decimal(0))
            for (con_id, occ), n in held.items()
            if n
        )

    def values(self) -> Account:
        """A million dollars, and what trading made of it."""
        cash = Decimal(1_000_000) + sum((self._cash(f) for f in self.fills), Decimal(0))
        return Account(self.account, cash, cash, cash, cash, clock.now())

    def quantity(self) -> int:
        """Contracts held, all in all."""
        return sum(fill.quantity for fill in self.fills)

    def entries(self) -> int:
        """Buys that reached the broker and lived."""
        return sum(order.ticket.side is Side.BUY for order in self.orders.values())

    def update(self, ref: str) -> OrderUpdate:
        """What the broker says of one order now."""
        order = self.orders[ref]
        ticket = order.ticket
        return OrderUpdate(
            ref, order.order_id, order.perm_id, order.con_id, ticket.side, ticket.quantity,
            order.filled, order.status, ticket.limit_price, ticket.stop_price, clock.now(),
        )  # fmt: skip

    def _execution(self, order: Working, quantity: int, price: Decimal) -> Fill:
        at: datetime = clock.now() + timedelta(milliseconds=len(self.fills))
        return Fill(
            f"{len(self.fills) + 1:08x}.01", order.ticket.order_ref, order.perm_id,
            order.ticket.contract, order.con_id, quantity * order.ticket.side.sign, price, at,
            self.account,
        )  # fmt: skip

    def _cash(self, fill: Fill) -> Decimal:
        return -fill.price * fill.quantity * 100 - COST * abs(fill.quantity)

    def _end_siblings(self, order: Working) -> None:
        for other in self.orders.values():
            if other.parent == order.parent and other is not order:
                self.end(other.ticket.order_ref, OrderStatus.CANCELLED)

    def _by_id(self, order_id: int) -> Working:
        return next(order for order in self.orders.values() if order.order_id == order_id)

    def _tell(self, ref: str) -> None:
        self._say("on_order", self.update(ref))

    def _say(self, what: str, *facts: Any) -> None:
        if self.listener is not None:
            getattr(self.listener, what)(*facts)
