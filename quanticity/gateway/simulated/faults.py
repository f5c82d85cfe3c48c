"""Scripted faults at work: cuts, stalls, outages, refused orders, bent news."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from quanticity.domain.instruments import parse_occ
from quanticity.gateway.simulated import interventions, listing
from quanticity.gateway.simulated.bent_news import BentNews
from quanticity.gateway.simulated.fault_script import Action, At, Fault, Script
from quanticity.gateway.simulated.orders import Executed, News, Order, Refused

if TYPE_CHECKING:
    from quanticity.gateway.simulated.connection import Connection
    from quanticity.gateway.simulated.floor import Floor

_LOST, _KEPT, _GONE = 1100, 1102, 1101
_NO_SUBSCRIPTION = 354
_ORDER_REQUESTS = frozenset({3, 4, 58})
_GARBAGE = b"\x00\x00\x00\x07\xff\xfe\x00\x01\x02\x03\x00"
_NEVER = timedelta(days=3650)


class Faults:
    """What is wrong now, and what the script still holds."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.skew_s = 0.0
        self.denied: dict[str, int] = {}
        self.refused_until: datetime | None = None
        self._stalled_until: datetime | None = None
        self._muted_until: datetime | None = None
        self._outage: tuple[datetime, int] | None = None
        self._bent = BentNews()
        self._held: list[News] = []
        self._forgetful = False

    # What is wrong now

    def is_stalled(self, now: datetime) -> bool:
        """True while nothing is read or written."""
        return self._stalled_until is not None and now < self._stalled_until

    def is_muted(self, now: datetime) -> bool:
        """True while market data stands still."""
        return self._outage is not None or (
            self._muted_until is not None and now < self._muted_until
        )

    def holds(self, kind: int) -> bool:
        """True for requests that wait for the end of an outage: those about orders."""
        return self._outage is not None and kind in _ORDER_REQUESTS

    def denial(self, symbol: str) -> int | None:
        """The code with which market data of a symbol is refused, or None."""
        return self.denied.get(symbol, self.denied.get(""))

    def next_order_id(self, proper: int) -> int:
        """The next valid id a client is told: the first of all when ids are forgotten."""
        return 1 if self._forgetful else proper

    def refuses(self, now: datetime) -> bool:
        """True while no connection is taken."""
        return self.refused_until is not None and now < self.refused_until

    # What happens

    def meet_message(self, link: Connection, now: datetime) -> bool:
        """Count a request; say whether it is lost."""
        lost = False
        for fault in self.script.met(At.MESSAGE, link.client_id):
            lost = lost or fault.action is Action.SWALLOW
            self._act(fault, link.floor, now, link)
        return lost

    def meet_order(self, link: Connection, order: Order, now: datetime) -> bool:
        """Count a new order that arrives; say whether it goes no further."""
        stopped = False
        for fault in self.script.met(At.ORDER, link.client_id):
            if fault.action is Action.REJECT:
                link.floor.tell(_refusal(link.floor, order, fault))
            elif fault.action is Action.PARTIAL:
                order.cap = Decimal(fault.quantity)
                continue
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
        floor.tell_plainly(self._bent.due(now))

    def _act(self, fault: Fault, floor: Floor, now: datetime, link: Connection | None) -> None:
        links = [link] if link is not None else floor.links()
        match fault.action:
            case Action.DROP:
                _cut(links)
            case Action.GARBAGE:
                for one in links:
                    one.send(_GARBAGE)
            case _:
                self._break(fault, floor, now)
                _disturb(fault, floor, now)

    # Faults of the whole system.
    def _break(self, fault: Fault, floor: Floor, now: datetime) -> None:
        until = _until(fault, now)
        match fault.action:
            case Action.STALL:
                self._stalled_until = until
            case Action.REFUSE:
                self.refused_until = until
                _cut(floor.links())
            case Action.OUTAGE:
                self._outage = (until, fault.code or _KEPT)
                floor.shout(
                    _LOST, "Connectivity between IBKR and Trader Workstation has been lost."
                )
            case Action.MUTE:
                self._muted_until = until
            case Action.FORGET:
                self._forgetful = True
            case Action.DENY:
                self.denied[fault.symbol] = fault.code or _NO_SUBSCRIPTION
            case Action.SKEW:
                self.skew_s = fault.seconds

    def _bend_one(self, item: News, floor: Floor, now: datetime) -> list[News]:
        if not isinstance(item, Executed):
            return [item] if self._bent.passes(item) else []
        told: list[News] = [item]
        for fault in self.script.met(At.FILL, item.execution.client_id):
            bent = self._bent.bend(item, fault, floor.exchange, _until(fault, now))
            if bent is None:
                self._act(fault, floor, now, floor.link(item.execution.client_id))
            told = bent or []
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


def _refusal(floor: Floor, order: Order, fault: Fault) -> list[News]:
    if fault.code in {0, 201}:
        return interventions.turn_away(floor.exchange, order, fault.text or "Rejected on script.")
    return [Refused(*order.key, fault.code, fault.text)]


# Faults of the market and of what is said about it.
def _disturb(fault: Fault, floor: Floor, now: datetime) -> None:
    match fault.action:
        case Action.ERROR:
            floor.shout(fault.code, fault.text)
        case Action.JUMP:
            floor.market.tapes.jump(fault.symbol, now, fault.frac)
        case Action.TICK:
            for link in floor.links():
                link.send_wrong_price(fault.symbol, fault.price)
        case Action.MANUAL:
            contract = parse_occ(fault.symbol)
            con_id = listing.option_id(contract)
            if con_id is not None:
                floor.tell(interventions.trade_by_hand(floor.exchange, con_id, fault.quantity))


def _until(fault: Fault, now: datetime) -> datetime:
    return now + (timedelta(seconds=fault.for_s) if fault.for_s else _NEVER)


def _cut(links: list[Connection]) -> None:
    for link in links:
        link.cut()
