"""A broker to be raced against: it takes, fills, refuses and cancels, and its word comes late.

What is sent waits in one queue, what it says in another; whoever drives it decides when a message
arrives, whether it comes twice, and in which order. Its own books are the truth of a test. Groups
reduce with block (type 2): what one order of a group sells, the others can no longer sell.
"""

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from quanticity.domain import clock
from quanticity.domain.market import Side
from quanticity.domain.orders import (
    Account,
    Fill,
    Holding,
    OrderStatus,
    OrderUpdate,
    Role,
    Ticket,
)
from quanticity.gateway.ports import BrokerFacts
from quanticity.management.gateway.listener import CommissionFact

ACCOUNT, CON_ID, COST = "DU1", 77, Decimal("0.65")
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to an amendment that is not made."""

    order_ref: str


@dataclass(slots=True)
class Theirs:
    """An order as the broker has it; `quantity` shrinks with its group."""

    order_id: int
    ticket: Ticket
    parent: str
    quantity: int
    filled: int = 0
    status: OrderStatus = OrderStatus.WORKING
    limit: Decimal | None = None
    stop: Decimal | None = None

    @property
    def ref(self) -> str:
        """Our reference on it."""
        return self.ticket.order_ref

    @property
    def group(self) -> str:
        """Orders of one group sell the same contracts."""
        return self.ticket.oca_group or self.parent or self.ref

    @property
    def is_working(self) -> bool:
        """Whether it could still fill or be cancelled."""
        return self.status is OrderStatus.WORKING

    @property
    def is_sell(self) -> bool:
        """Whether it sells."""
        return self.ticket.side is Side.SELL


class ModelBroker:
    """Orders, executions and the two queues of one account."""

    def __init__(self, dice: random.Random, move_clock: Callable[[float], None]) -> None:
        self.dice, self._move = dice, move_clock
        self.orders: dict[str, Theirs] = {}
        self.fills: list[Fill] = []
        self.to_broker: deque[tuple[Any, ...]] = deque()
        self.to_client: deque[Any] = deque()
        self.trims_children = dice.random() < 0.5
        self.refusal_odds = 0.0
        self.faults: list[str] = []
        self.overs = 0
        self.used: set[int] = set()

    # --- what arrives ----------------------------------------------------------------------------
    def arrive(self) -> None:
        """Take the next message that is on its way."""
        what, *args = self.to_broker.popleft()
        {"chain": self._take, "amend": self._amend, "cancel": self._cancel}[what](*args)
        self.look()

    def _take(self, chain: Sequence[tuple[int, Ticket]]) -> None:
        parent = chain[0][1].order_ref if len(chain) > 1 else ""
        for order_id, ticket in chain:
            if order_id in self.used:
                self.faults.append(f"order id {order_id} used twice")
            self.used.add(order_id)
            if ticket.order_ref in self.orders:
                self.faults.append(f"{ticket.order_ref} sent twice")
            above = "" if ticket.order_ref == parent else parent
            order = Theirs(order_id, ticket, above, ticket.quantity, 0, OrderStatus.WORKING,
                           ticket.limit_price, ticket.stop_price)  # fmt: skip
            order.status = self._verdict(order)
            self.orders[order.ref] = order
            self.tell(order)

    def _verdict(self, order: Theirs) -> OrderStatus:
        parent = self.orders.get(order.parent)
        if parent is not None and not (parent.is_working or parent.filled):
            return OrderStatus.REJECTED
        others = [o for o in self.orders.values() if o.is_working and o.is_sell != order.is_sell]
        both_sides = parent is None and bool(others)
        is_late = any(o.group == order.group and o.status is OrderStatus.FILLED and o.is_sell
                      for o in self.orders.values())  # fmt: skip
        if both_sides or is_late or self.dice.random() < self.refusal_odds:
            return OrderStatus.REJECTED
        return OrderStatus.WORKING

    def _amend(self, ticket: Ticket) -> None:
        order = self.orders.get(ticket.order_ref)
        if order is None or not order.is_working or self.dice.random() < self.refusal_odds:
            self.to_client.append(Refusal(ticket.order_ref))
            return
        if order.ticket.oca_group:
            self.faults.append(f"{order.ref} of an explicit group was amended")
        order.limit, order.stop = ticket.limit_price, ticket.stop_price
        order.quantity = max(order.filled, ticket.quantity)
        if order.quantity == order.filled:
            order.status = OrderStatus.CANCELLED
        self.tell(order)

    def _cancel(self, ref: str) -> None:
        order = self.orders.get(ref)
        if order is not None:
            self.end(order, OrderStatus.CANCELLED)

    # --- what happens there ----------------------------------------------------------------------
    def fill(self, order: Theirs, quantity: int) -> None:
        """Execute part of an order; its group shrinks, its parent's end trims."""
        size = min(quantity, self.executable(order))
        if size <= 0:
            return
        order.filled += size
        made = self._execution(order, size)
        self.fills.append(made)
        if order.filled == order.quantity:
            order.status = OrderStatus.FILLED
        self.to_client.append(made)
        self.to_client.append(CommissionFact(made.exec_id, COST * size, "USD"))
        self.tell(order)
        if order.is_sell:
            self._reduce_group(order, size)
        self.look()

    def end(self, order: Theirs, status: OrderStatus) -> None:
        """Take an order off; one that is over stays as it ended."""
        if order.is_working:
            order.status = status
            self._trim_children(order)
        self.tell(order)
        self.look()

    def correct(self, fill: Fill) -> None:
        """Say that an execution had another price."""
        place = self.fills.index(fill)
        base, _, number = fill.exec_id.rpartition(".")
        again = replace(fill, exec_id=f"{base}.{int(number) + 1:02}",
                        price=fill.price + Decimal("0.01"))  # fmt: skip
        self.fills[place] = again
        self.to_client.append(again)
        cost = COST * abs(again.quantity)
        self.to_client.append(CommissionFact(again.exec_id, cost, "USD"))

    def executable(self, order: Theirs) -> int:
        """Contracts it could fill now; a child no more than its parent has bought."""
        if not order.is_working:
            return 0
        left = order.quantity - order.filled
        if not order.parent:
            return left
        sold = sum(o.filled for o in self.orders.values() if o.parent == order.parent)
        return max(0, min(left, self.orders[order.parent].filled - sold))

    def _reduce_group(self, order: Theirs, size: int) -> None:
        for other in self.orders.values():
            if other is order or other.group != order.group or not other.is_working:
                continue
            if other.is_sell:
                other.quantity = max(other.filled, other.quantity - size)
                if other.quantity == other.filled:
                    other.status = OrderStatus.CANCELLED
                self.tell(other)

    def _trim_children(self, parent: Theirs) -> None:
        for child in [o for o in self.orders.values() if o.parent == parent.ref and o.is_working]:
            if not parent.filled:
                child.status = OrderStatus.CANCELLED
            elif self.trims_children:
                child.quantity = min(child.quantity, child.filled + self.executable(child))
                if child.quantity == child.filled:
                    child.status = OrderStatus.CANCELLED
            else:
                continue
            self.tell(child)

    # --- what it says ----------------------------------------------------------------------------
    def tell(self, order: Theirs) -> None:
        """Queue its word on one order."""
        self._move(_TICK.total_seconds())
        self.to_client.append(self._update(order))

    def snapshot(self, between: Callable[[], None]) -> BrokerFacts:
        """Everything, list by list; the world does not stand still between two lists."""
        holdings = self._holdings()
        between()
        updates = [self._update(o) for o in self.orders.values()]
        between()
        for fill in self.fills:
            cost = COST * abs(fill.quantity)
            self.to_client.append(CommissionFact(fill.exec_id, cost, "USD"))
        return BrokerFacts(
            at=clock.now(), holdings=holdings,
            open_orders=tuple(u for u in updates if u.status is OrderStatus.WORKING),
            completed_orders=tuple(u for u in updates if u.status is not OrderStatus.WORKING),
            fills=tuple(self.fills), account=self._values(),
        )  # fmt: skip

    def _update(self, order: Theirs) -> OrderUpdate:
        return OrderUpdate(
            order.ref, order.order_id, 1_000 + order.order_id, CON_ID, order.ticket.side,
            order.quantity, order.filled, order.status, order.limit, order.stop, clock.now(),
            *((201, "refused") if order.status is OrderStatus.REJECTED else ()),
        )  # fmt: skip

    def _execution(self, order: Theirs, size: int) -> Fill:
        self._move(_TICK.total_seconds())
        price = order.limit or order.stop or Decimal(1)
        return Fill(
            f"{len(self.fills) + 1:08x}.01", order.ref, 1_000 + order.order_id,
            order.ticket.contract, CON_ID, size * order.ticket.side.sign, price, clock.now(),
            ACCOUNT,
        )  # fmt: skip

    def _holdings(self) -> tuple[Holding, ...]:
        if not self.held:
            return ()
        occ = self.fills[0].contract.occ
        return (Holding(ACCOUNT, CON_ID, occ, self.held, Decimal(0)),)

    def _values(self) -> Account:
        worth = Decimal(1_000_000) + self.cash
        return Account(ACCOUNT, worth, worth, worth, worth, clock.now())

    # --- its books -------------------------------------------------------------------------------
    @property
    def held(self) -> int:
        """Contracts."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def cash(self) -> Decimal:
        """Dollars moved, costs included."""
        return sum(
            (-f.price * f.quantity * 100 - COST * abs(f.quantity) for f in self.fills), Decimal(0)
        )

    @property
    def stopped(self) -> int:
        """Contracts that working stops could sell now."""
        return sum(self.executable(o) for o in self.working() if o.ticket.role is Role.STOP)

    def working(self) -> Iterator[Theirs]:
        """Orders that work."""
        return (order for order in self.orders.values() if order.is_working)

    @property
    def exposed(self) -> int:
        """Contracts that working sells could sell now, each group once."""
        most: Counter[str] = Counter()
        for order in self.working():
            if order.is_sell:
                most[order.group] = max(most[order.group], self.executable(order))
        return most.total()

    def look(self) -> None:
        """Note at once what must never be, and what may be only until an amendment arrives."""
        if self.held < 0:
            self.faults.append(f"sold short: {self.held}")
        self.overs += self.exposed > max(0, self.held)
