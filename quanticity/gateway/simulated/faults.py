"""Scripted faults at work: what the script says now, and what happens to requests and news."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from quanticity.gateway.simulated import disturbances, interventions, order_messages
from quanticity.gateway.simulated.bent_news import BentNews
from quanticity.gateway.simulated.fault_script import Action, At, Fault, Script
from quanticity.gateway.simulated.orders import Executed, News, Order, Refused

if TYPE_CHECKING:
    from quanticity.gateway.simulated.connection import Connection
    from quanticity.gateway.simulated.floor import Floor

_LOST, _KEPT, _GONE = 1100, 1102, 1101
_ORDER_REQUESTS = frozenset({3, 4, 58})
_NEVER = timedelta(days=3650)

Deed = Callable[[], list[News]]


class Faults:
    """What is wrong now, and what the script still holds."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._since: dict[Action, tuple[Fault, datetime]] = {}
        self._denied: dict[str, tuple[int, datetime]] = {}
        self._outage: tuple[datetime, int] | None = None
        self._bent = BentNews()
        self._held: list[News] = []
        self._late: list[tuple[datetime, Deed]] = []

    # What is wrong now

    def is_on(self, action: Action, now: datetime) -> bool:
        """True while a fault of this kind lasts."""
        found = self._since.get(action)
        return found is not None and now < found[1]

    def is_stalled(self, now: datetime) -> bool:
        """True while nothing is read or written."""
        return self.is_on(Action.STALL, now)

    def is_muted(self, now: datetime) -> bool:
        """True while market data stands still."""
        return self._outage is not None or self.is_on(Action.MUTE, now)

    def holds(self, kind: int) -> bool:
        """True for requests that wait for the end of an outage: those about orders."""
        return self._outage is not None and kind in _ORDER_REQUESTS

    def skew_s(self, now: datetime) -> float:
        """Seconds by which the broker's clock is ahead."""
        return self._since[Action.SKEW][0].seconds if self.is_on(Action.SKEW, now) else 0.0

    def omitted(self, now: datetime) -> int | None:
        """The id of messages that are left out, or None."""
        return self._since[Action.OMIT][0].code if self.is_on(Action.OMIT, now) else None

    def described(self, now: datetime) -> str:
        """How options' details are told, "" as they are."""
        return self._since[Action.DESCRIBE][0].text if self.is_on(Action.DESCRIBE, now) else ""

    def denial(self, symbol: str, now: datetime) -> int | None:
        """The code with which market data of a symbol is refused, or None."""
        for name in (symbol, ""):
            code, until = self._denied.get(name, (0, now))
            if now < until:
                return code
        return None

    def next_order_id(self, proper: int, now: datetime) -> int:
        """The next valid id a client is told: the first of all when ids are forgotten."""
        return 1 if self.is_on(Action.FORGET, now) else proper

    def refuses(self, now: datetime) -> bool:
        """True while no connection is taken."""
        return self.is_on(Action.REFUSE, now)

    # What happens

    def meet_message(self, link: Connection, now: datetime) -> bool:
        """Count a request; say whether it is lost."""
        lost = False
        for fault in self.script.met(At.MESSAGE, link.client_id):
            lost = lost or fault.action == Action.SWALLOW
            self._act(fault, link.floor, now, link)
        return lost

    def meet_order(self, link: Connection, order: Order, now: datetime) -> bool:
        """Count a new order that arrives; say whether it goes no further."""
        return self._meet(At.ORDER, link, order, now)

    def meet_revision(self, link: Connection, order: Order, now: datetime) -> bool:
        """Count a revision that arrives; say whether it goes no further."""
        return self._meet(At.REVISE, link, order, now)

    def meet_what_if(self, link: Connection, order: Order, now: datetime) -> None:
        """Count a question about margin, before its answer."""
        for fault in self.script.met(At.WHAT_IF, link.client_id):
            if fault.action == Action.UNSET_MARGIN:
                link.send(order_messages.unset_what_if(order, link.version))
            else:
                self._act(fault, link.floor, now, link)

    def meet_cancel(self, link: Connection, order_id: int, now: datetime) -> bool:
        """Count a cancellation that arrives; say whether it goes no further."""
        exchange, stopped = link.floor.exchange, False
        for fault in self.script.met(At.CANCEL, link.client_id):
            order = exchange.books.order(link.client_id, order_id)
            if fault.action == Action.FILL:
                if order is not None and order.is_working:
                    link.floor.tell(interventions.fill_now(exchange, order))
                continue
            if fault.action == Action.LATE:
                self._postpone(fault, now, lambda: exchange.cancel(link.client_id, order_id))
            else:
                self._act(fault, link.floor, now, link)
            stopped = True
        return stopped

    def before_reply(self, link: Connection, now: datetime) -> None:
        """Count an order the exchange has taken, before its client hears of it."""
        for fault in self.script.met(At.AFTER_ORDER, link.client_id):
            self._act(fault, link.floor, now, link)

    def bend(self, news: Iterable[News], floor: Floor, now: datetime) -> list[News]:
        """Change what is told, and when."""
        bent: list[News] = []
        for item in news:
            bent += self._bend_one(item, floor, now)
        if self._outage is None:
            return bent
        self._held += bent
        return []

    def begin(self, now: datetime) -> None:
        """Count the script's seconds from here, unless they are counted already."""
        self.script.begin(now)

    def beat(self, floor: Floor, now: datetime) -> None:
        """Do what has fallen due by time."""
        for fault in self.script.passed(now):
            self._act(fault, floor, now, None)
        if self._outage is not None and now >= self._outage[0]:
            self._restore(floor, self._outage[1])
        due = [deed for at, deed in self._late if at <= now]
        self._late = [(at, deed) for at, deed in self._late if at > now]
        for deed in due:
            floor.tell(deed())
        floor.tell_plainly(self._bent.due(now))

    # Orders: those that go no further, and those that go on with a difference.
    def _meet(self, at: At, link: Connection, order: Order, now: datetime) -> bool:
        stopped, floor = False, link.floor
        for fault in self.script.met(at, link.client_id):
            match fault.action:
                case Action.PARTIAL:
                    order.cap = Decimal(fault.quantity)
                    continue
                case Action.NOTICE:
                    floor.tell_plainly([Refused(*order.key, fault.code, fault.text)])
                    continue
                case Action.REJECT:
                    floor.tell(_refusal(floor, order, fault, is_new=at is At.ORDER))
                case Action.TWIN:
                    floor.tell(interventions.twin(floor.exchange, order))
                case Action.LATE:
                    self._postpone(fault, now, lambda: floor.exchange.place(order))
                case _:
                    self._act(fault, floor, now, link)
            stopped = True
        return stopped

    def _postpone(self, fault: Fault, now: datetime, deed: Deed) -> None:
        self._late.append((now + timedelta(seconds=fault.for_s), deed))

    def _act(self, fault: Fault, floor: Floor, now: datetime, link: Connection | None) -> None:
        until = _until(fault, now)
        match fault.action:
            case Action.OUTAGE:
                self._outage = (until, fault.code or _KEPT)
                text = "Connectivity between IBKR and Trader Workstation has been lost."
                floor.shout(_LOST, text)
            case Action.DENY:
                self._denied[fault.symbol] = (fault.code or disturbances.UNSUBSCRIBED, until)
                disturbances.deny(floor, fault)
            case action if action in _LASTING:
                self._since[action] = (fault, until)
                if action == Action.REFUSE:
                    for one in floor.links():
                        one.cut()
            case _:
                disturbances.disturb(fault, floor, now, until, link)

    def _bend_one(self, item: News, floor: Floor, now: datetime) -> list[News]:
        if not isinstance(item, Executed):
            return [item] if self._bent.passes(item) else []
        told: list[News] = [item]
        for fault in self.script.met(At.FILL, item.execution.client_id):
            bent = self._bent.bend(item, fault, floor.exchange, _until(fault, now))
            if bent is None:
                self._act(fault, floor, now, floor.link(item.execution.client_id))
            told = told if bent is None else bent
        return told

    # Connectivity is back: what happened meanwhile is told, what waited is done.
    def _restore(self, floor: Floor, code: int) -> None:
        self._outage = None
        kept = code != _GONE
        text = "maintained" if kept else "lost"
        floor.shout(code, f"Connectivity between IBKR and TWS has been restored- data {text}.")
        for link in floor.links():
            link.lose_history()
            if not kept:
                link.lose_streams()
        held, self._held = self._held, []
        floor.tell_plainly(held)
        for link in floor.links():
            link.resume()


_LASTING = frozenset({
    Action.STALL, Action.REFUSE, Action.MUTE, Action.FORGET, Action.SKEW, Action.OMIT,
    Action.SHUFFLE, Action.DESCRIBE,
})  # fmt: skip


def _refusal(floor: Floor, order: Order, fault: Fault, *, is_new: bool) -> list[News]:
    if is_new and fault.code in {0, 201}:
        return interventions.turn_away(floor.exchange, order, fault.text or "Rejected on script.")
    return [Refused(*order.key, fault.code or 201, fault.text or "Rejected on script.")]


def _until(fault: Fault, now: datetime) -> datetime:
    return now + (timedelta(seconds=fault.for_s) if fault.for_s else _NEVER)
