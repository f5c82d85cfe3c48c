"""The simulated exchange: takes orders, steps through platform time, says what happened (pure).

Every request and every step returns news in the order in which a broker would tell it. Nothing
here reads a clock or a socket: the same seed, requests and instants give the same news.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from quanticity.domain import calendar
from quanticity.gateway.simulated import account, admission, matching, sessions, what_if
from quanticity.gateway.simulated.books import Books
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.matching import Touch
from quanticity.gateway.simulated.noise import uniform
from quanticity.gateway.simulated.orders import (
    CLOSING,
    Commissioned,
    Executed,
    Execution,
    News,
    Order,
    OrderNews,
    PositionNews,
    Refused,
    Status,
    StatusNews,
)
from quanticity.gateway.simulated.touches import Touches

_MOST_STRIDES = 240
_MARK = Decimal("0.0001")


class Exchange:
    """One account's orders against one market."""

    def __init__(
        self,
        market: Market,
        settings: matching.Settings,
        books: Books,
        now: datetime | None = None,
    ) -> None:
        self.market = market
        self.settings = settings
        self.books = books
        self.now = now
        self.races = False
        self._touches = Touches(market)
        self._marks: dict[int, Decimal] = {}
        self._marked_at: datetime | None = None

    def quoted_by(self, touches: Touches) -> None:
        """Match against other quotes than the market's own: a tape's."""
        self._touches = touches

    # Questions

    @property
    def at(self) -> datetime:
        """The instant the exchange has stepped to."""
        if self.now is None:
            raise ValueError("expected an exchange that has been stepped, was one without a time")
        return self.now

    def touch(self, con_id: int) -> Touch:
        """The market of one contract now."""
        return self._touches.one(con_id, self.at)

    def mark(self, con_id: int) -> Decimal:
        """Mid of a contract now: what positions are valued at."""
        if self._marked_at != self.now:
            self._marks, self._marked_at = {}, self.now
        if con_id not in self._marks:
            touch = self.touch(con_id)
            mid = (touch.bid + touch.ask) / 2 if touch.bid and touch.ask else touch.last
            self._marks[con_id] = mid.quantize(_MARK)
        return self._marks[con_id]

    # Requests

    def place(self, order: Order) -> list[News]:
        """Take a new order, or the revision of a working one."""
        known = self.books.order(*order.key)
        if known is not None and not order.what_if:
            return self._revise(known, order)
        refusal = admission.check_fields(order, self)
        if refusal is not None:
            return [refusal]
        if order.what_if:
            touch, bound = self.touch(order.con_id), admission.bound_usd(self)
            return [what_if.answer(order, self.books.account, touch, self.mark, bound)]
        self.books.add(order, self.at)
        return self._transmit(order) if order.transmit else [_news(order)]

    def cancel(self, client_id: int, order_id: int) -> list[News]:
        """Cancel an order and what is attached to it."""
        order = self.books.order(client_id, order_id)
        text = f"OrderId {order_id} that needs to be cancelled"
        if order is None:
            return [Refused(client_id, order_id, 10147, f"{text} is not found.")]
        frozen = order.order_type in CLOSING and admission.is_late(order, self)
        if order.status.is_done or frozen:
            state = f"cannot be cancelled, state: {order.status}."
            return [Refused(client_id, order_id, 10148, f"{text} {state}")]
        return self.kill(order)

    def cancel_all(self) -> list[News]:
        """Cancel every order of every client."""
        return [
            item for order in self.books.working() if order.is_working for item in self.kill(order)
        ]

    def reject(self, order: Order, reason: str) -> list[News]:
        """Turn an order away as the broker does: inactive, then error 201; its children end."""
        order.status, order.done_at = Status.INACTIVE, self.at
        text = f"Order rejected - reason:{reason}"
        news: list[News] = [_news(order), Refused(*order.key, 201, text)]
        for child in self.books.children(order):
            news += self.kill(child)
        return news

    # Time

    def step(self, now: datetime) -> list[News]:
        """Advance to `now`, second by second; in longer strides when there are many."""
        before, self.now = self.now, now
        if before is None or now <= before:
            return []
        news: list[News] = []
        for at in _strides(before, now):
            self.now = at
            news += sessions.turn(self, before, at)
            if self.market.is_lit(at):
                news += self._match()
            before = at
        self.now = now
        return news

    def sweep(self, order: Order) -> matching.Match:
        """The rest of an order at what is shown, whatever its terms."""
        touch = self.touch(order.con_id)
        price = (touch.ask if order.is_buy else touch.bid) or touch.last
        return matching.Match(price, order.remaining, matching.REMOVED)

    def execute(self, order: Order, match: matching.Match) -> list[News]:
        """Book a fill and everything that follows from it."""
        races = self.races and bool(self.books.siblings(order))
        self.races = self.races and not races
        execution = self._book(order, match)
        news: list[News] = [Executed(execution), _news(order), Commissioned(execution)]
        news += [StatusNews(replace(order)), PositionNews(order.con_id)]
        for other in self.books.siblings(order):
            if races:
                news += self.execute(other, self.sweep(other))
            elif other.is_working:
                alone = order.oca_type == 1
                news += self.kill(other) if alone else self._reduce(other, match.quantity)
        for child in self.books.children(order):
            if child.is_working:
                news += self.settle_status(child)
        return news

    def kill(self, order: Order) -> list[News]:
        """Cancel an order; children of one that has filled in part live on for that part."""
        order.status, order.why_held, order.done_at = Status.CANCELLED, "", self.at
        news: list[News] = [_news(order), Refused(*order.key, 202, "Order Canceled - reason:")]
        for child in self.books.children(order):
            if order.filled:
                child.quantity = min(child.quantity, order.filled)
                news.append(_news(child))
            else:
                news += self.kill(child)
        return news

    def settle_status(self, order: Order) -> list[News]:
        """Work out the status that is true now; tell it when it changed."""
        parent = self.books.parent(order)
        held = []
        if parent is not None and not parent.filled:
            held.append("child")
        if order.is_stop and not order.triggered:
            held.append("trigger")
        closed = not self.market.is_open(self.at, order.con_id) and not order.outside_rth
        waits = bool(held) or closed or order.order_type in CLOSING
        status, why = Status.PRE_SUBMITTED if waits else Status.SUBMITTED, ",".join(held)
        if (status, why) == (order.status, order.why_held):
            return []
        order.status, order.why_held = status, why
        return [_news(order)]

    def _match(self) -> list[News]:
        live = [
            order
            for order in self.books.working()
            if self.books.executable(order) > 0 and self.market.trades(order.con_id, self.at)
        ]
        if not live:
            return []
        touches = self._touches.of((order.con_id for order in live), self.at)
        news: list[News] = []
        for order in live:
            # An earlier fill in this second may have ended it.
            if order.is_working and self.books.executable(order) > 0:
                chance = float(uniform(order.perm_id, int(self.at.timestamp())))
                news += self._try(order, touches[order.con_id], chance)
        return news

    def _try(self, order: Order, touch: Touch, chance: float | None) -> list[News]:
        news: list[News] = []
        if order.is_stop and not order.triggered:
            if not matching.trigger(order, touch, self.settings):
                return []
            order.triggered = True
            news += self.settle_status(order)
        match = matching.fill(order, touch, self.books.executable(order), chance, self.settings)
        if match is not None and order.tif == "FOK" and match.quantity < order.remaining:
            match = None
        return news if match is None else news + self.execute(order, match)

    def _book(self, order: Order, match: matching.Match) -> Execution:
        books, at, quantity = self.books, self.at, match.quantity
        books.record(order, quantity, match.price, at)
        cost = books.account.commission(order.perm_id, order.con_id, quantity)
        signed = quantity if order.is_buy else -quantity
        execution = Execution(
            exec_id=f"{at:%y%m%d}.{books.next_exec:08x}.01.01",
            client_id=order.client_id,
            order_id=order.order_id,
            perm_id=order.perm_id,
            con_id=order.con_id,
            order_ref=order.order_ref,
            action=order.action,
            quantity=quantity,
            price=match.price,
            cumulative=order.filled,
            average=order.average,
            at=at,
            venue="CBOE" if account.multiplier(order.con_id) > 1 else "ARCA",
            liquidity=match.liquidity,
            commission=cost,
            realized=books.account.book(order.con_id, signed, match.price, cost),
        )
        books.next_exec += 1
        books.executions.append(execution)
        return execution

    def _reduce(self, order: Order, quantity: Decimal) -> list[News]:
        if quantity >= order.remaining:
            return self.kill(order)
        order.quantity -= quantity
        return [_news(order)]

    # Placing

    # The last order of a chain transmits all that waited for it; none fills before all are there.
    def _transmit(self, order: Order) -> list[News]:
        root = self.books.parent(order) or order
        family = [
            o for o in (root, *self.books.children(root)) if o.status is Status.PENDING_SUBMIT
        ]
        news: list[News] = []
        for member in family:
            if member.status is Status.PENDING_SUBMIT:
                member.transmit = True
                news += self._activate(member)
        for member in family:
            news += self._try_now(member)
            if member.tif in {"IOC", "FOK"} and member.is_working:
                news += self.kill(member)
        return news

    def _activate(self, order: Order) -> list[News]:
        reason = order.turned_away or admission.check_account(order, self)
        if reason is not None:
            return self.reject(order, reason)
        parent = self.books.parent(order)
        if parent is not None and not order.oca_group:
            order.oca_group, order.oca_type = str(parent.perm_id), 3
        order.status = Status.PRE_SUBMITTED
        news: list[News] = [_news(order), *self.settle_status(order)]
        if not self.market.is_open(self.at, order.con_id) and not order.outside_rth:
            news.append(_waits_for_open(order, self.at))
        return news

    # A marketable order fills on arrival; chance plays only at whole seconds.
    def _try_now(self, order: Order) -> list[News]:
        ready = order.is_working and not order.is_stop and order.tif != "OPG"
        ready = ready and self.market.trades(order.con_id, self.at)
        if not ready or self.books.executable(order) <= 0:
            return []
        return self._try(order, self.touch(order.con_id), None)

    def _revise(self, known: Order, asked: Order) -> list[News]:
        refusal = admission.check_revision(known, asked, self)
        if refusal is not None:
            return [refusal]
        known.quantity, known.order_type, known.tif = asked.quantity, asked.order_type, asked.tif
        known.limit, known.aux, known.order_ref = asked.limit, asked.aux, asked.order_ref
        known.trail_percent, known.outside_rth = asked.trail_percent, asked.outside_rth
        if asked.trail_stop is not None or not known.order_type.startswith("TRAIL"):
            known.trail_stop = asked.trail_stop  # one that has trailed does not turn back
        known.confirmations = 0
        if known.status is Status.PENDING_SUBMIT:
            return self._transmit(known) if asked.transmit else [_news(known)]
        if not known.remaining:
            return self.kill(known)
        self.settle_status(known)
        return [_news(known), *self._try_now(known)]


# Whole seconds in (before, now], in longer strides when there are many.
def _strides(before: datetime, now: datetime) -> Iterator[datetime]:
    seconds = int(now.timestamp()) - int(before.timestamp())
    stride = max(1, seconds // _MOST_STRIDES)
    first = before.replace(microsecond=0)
    for n in range(stride, seconds, stride):
        yield first + timedelta(seconds=n)
    # The last second always: what falls due in it must not be stepped over.
    if seconds:
        yield first + timedelta(seconds=seconds)


def _waits_for_open(order: Order, at: datetime) -> Refused:
    opens = calendar.on_or_after(calendar.session_date(at))
    if opens.open_at <= at:
        opens = calendar.next_session(opens.date)
    text = "Order Message:\nWarning: Your order will not be placed at the exchange until"
    return Refused(*order.key, 399, f"{text} {opens.date} 09:30:00 US/Eastern.")


def _news(order: Order) -> OrderNews:
    return OrderNews(replace(order))
