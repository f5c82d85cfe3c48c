"""The exchange's books: account, orders and how they hang together, executions (pure)."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from quanticity.gateway.simulated.account import Account
from quanticity.gateway.simulated.orders import Execution, Order, Status

_FIRST_PERM = 1_000_000_000


@dataclass(slots=True)
class Books:
    """All that the exchange remembers; saved in the ledger file and read back at start."""

    account: Account
    orders: dict[int, Order]
    executions: list[Execution]
    next_perm: int = _FIRST_PERM
    next_exec: int = 1
    _by_key: dict[tuple[int, int], Order] = field(init=False, repr=False, compare=False)
    _live: list[Order] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_key = {order.key: order for order in self.orders.values()}
        self._live = list(self.orders.values())

    def add(self, order: Order, at: datetime) -> None:
        """Enter a new order under the next permanent id."""
        order.perm_id, order.entered_at = self.next_perm, at
        self.next_perm += 1
        self.orders[order.perm_id] = self._by_key[order.key] = order
        self._live.append(order)

    def forget_held(self, client_id: int) -> None:
        """Drop what a client sent but never transmitted; its ids stay used."""
        for order in list(self.orders.values()):
            if order.client_id == client_id and order.status is Status.PENDING_SUBMIT:
                del self.orders[order.perm_id]
                self._live.remove(order)

    def order(self, client_id: int, order_id: int) -> Order | None:
        """The order with this id, or None."""
        return self._by_key.get((client_id, order_id))

    def next_order_id(self, client_id: int) -> int:
        """The first id this client has not used."""
        used = [order_id for owner, order_id in self._by_key if owner == client_id]
        return max(used, default=0) + 1

    def working(self) -> list[Order]:
        """Orders that are not done, oldest first."""
        self._live = [order for order in self._live if not order.status.is_done]
        return [order for order in self._live if order.is_working]

    def parent(self, order: Order) -> Order | None:
        """The order this one is attached to, or None."""
        return self.order(order.client_id, order.parent_id) if order.parent_id else None

    def children(self, order: Order) -> list[Order]:
        """Orders attached to this one that are not done."""
        return [
            other
            for other in self._live
            if order.order_id
            and other.parent_id == order.order_id
            and other.client_id == order.client_id
            and not other.status.is_done
        ]

    def siblings(self, order: Order) -> list[Order]:
        """Other working orders of its group."""
        if not order.oca_group:
            return []
        return [o for o in self.working() if o.oca_group == order.oca_group and o is not order]

    def executable(self, order: Order) -> Decimal:
        """What may fill now: a child no more than its parent has filled."""
        parent = self.parent(order)
        bounds = [order.quantity, parent.filled if parent else None, order.cap]
        return min(bound for bound in bounds if bound is not None) - order.filled

    def record(self, order: Order, quantity: Decimal, price: Decimal, at: datetime) -> None:
        """Note on the order that so much of it has filled."""
        paid = order.average * order.filled + price * quantity
        order.filled += quantity
        order.average, order.last_price = paid / order.filled, price
        if not order.remaining:
            order.status, order.why_held, order.done_at = Status.FILLED, "", at
