"""A broker by hand with one bracket, and the dispatcher that serves it."""

from typing import Any

from execution.models import Order, Position
from execution.services import booking, broker, managing, protecting
from quanticity.domain.orders import OrderStatus
from quanticity.management.gateway.listener import FactListener
from quanticity.management.gateway.scribe import write_facts
from quanticity.store import market
from tests import factories
from tests.factories import ref
from tests.fakes import FakeBroker


class Floor:
    """A broker with one bracket, and the dispatcher that serves it."""

    def __init__(self, quantity: int = 3, **changes: Any) -> None:
        self.listener = FactListener(recorder=None)  # type: ignore[arg-type]
        self.broker = FakeBroker(self.listener)
        reference = {"reference": {"mid": "2.00"}}
        self.quantity = quantity
        self.intent = factories.intent(quantity=quantity, signal_changes=reference, **changes)
        self.quote(1.99, 2.01)
        self.serve()

    def quote(self, bid: float | None, ask: float | None) -> None:
        """Quote the contract now."""
        market.write_contract_quotes([factories.quote(self.intent.occ, bid, ask)])

    def serve(self) -> None:
        """Send what is owed, write what comes back, book it."""
        for order_ref, _ in broker.take_cancels(1):
            self.broker.end(order_ref, self.broker.orders[order_ref].status.CANCELLED)
        for one in broker.take_amendments(1):
            self.broker.revise(one.order_id, one.ticket)
        for chain in broker.take_submissions(1, 1):
            self.broker.take([(one.order_id, 77, one.ticket) for one in chain])
        self.write()

    def write(self) -> None:
        """Write what the broker told, and take the next step of an exit."""
        facts = list(self.listener.money)
        self.listener.money.clear()
        for intent_id in write_facts(facts):
            booking.book(intent_id)
            managing.continue_exit(intent_id)
        protecting.tend_moving()

    def settle(self) -> None:
        """Serve until every tranche has its pair."""
        for _ in range(6):
            self.serve()

    def enter(self) -> Position:
        """Fill the entry."""
        self.broker.fill(ref(self.intent, "E"), self.quantity, "2.00")
        self.write()
        return Position.objects.get()

    def stops(self) -> list[tuple[int, str]]:
        """Working stops at the broker: contracts left and price, smallest first."""
        return sorted(
            (order.ticket.quantity - order.filled, f"{order.ticket.stop_price:.2f}")
            for order in self.broker.orders.values()
            if order.ticket.stop_price is not None and order.status is OrderStatus.WORKING
        )

    def targets(self) -> list[tuple[int, str]]:
        """Working targets at the broker."""
        return sorted(
            (order.ticket.quantity - order.filled, f"{order.ticket.limit_price:.2f}")
            for order in self.broker.orders.values()
            if order.ticket.role == "T" and order.status is OrderStatus.WORKING
        )

    def row(self, role: str, tranche: int) -> Order:
        """The latest order of a role in a tranche."""
        rows = Order.objects.filter(role=role, tranche=tranche)
        return rows.order_by("-order_id").first()
