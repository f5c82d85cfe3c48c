"""The simulated exchange: takes orders, steps through platform time, says what happened (pure).

Every request and every step returns news in the order in which a broker would tell it. Nothing
here reads a clock or a socket: the same seed, requests and instants give the same news.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from quanticity.domain import calendar
from quanticity.gateway.simulated import account, admission, matching, sessions
from quanticity.gateway.simulated.account import Account
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.matching import Touch
from quanticity.gateway.simulated.noise import uniform
from quanticity.gateway.simulated.orders import (
    CLOSING,
    ZERO,
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
    WhatIf,
)
from quanticity.gateway.simulated.touches import Touches

_MOST_STRIDES = 240
_FIRST_PERM = 1_000_000_000
_MARK = Decimal("0.0001")


@dataclass(slots=True)
class Books:
    """All that the exchange remembers; saved in the ledger file and read back at start."""

    account: Account
    orders: dict[int, Order]
    executions: list[Execution]
    next_perm: int = _FIRST_PERM
    next_exec: int = 1


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
        self._touches = Touches(market)
        self._by_key = {order.key: order for order in books.orders.values()}
        self._live = list(books.orders.values())
        self._marks: dict[int, Decimal] = {}
        self._marked_at: datetime | None = None

    # Questions

    @property
    def at(self) -> datetime:
        """The instant the exchange has stepped to."""
        if self.now is None:
            raise ValueError("expected an exchange that has been stepped, was one without a time")
        return self.now

    def order(self, client_id: int, order_id: int) -> Order | None:
        """The order with this id, or None."""
        return self._by_key.get((client_id, order_id))

    def working(self) -> list[Order]:
        """Orders that are not done, oldest first."""
        self._live = [order for order in self._live if not order.status.is_done]
        return [order for order in self._live if order.is_working]

    def next_order_id(self, client_id: int) -> int:
        """The first id this client has not used."""
        used = [order_id for owner, order_id in self._by_key if owner == client_id]
        return max(used, default=0) + 1

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

    def parent(self, order: Order) -> Order | None:
        """The order this one is attached to, or None."""
        return self._by_key.get((order.client_id, order.parent_id)) if order.parent_id else None

    def children(self, order: Order) -> list[Order]:
        """Orders attached to this one that are not done."""
        return [
            other
            for other in self._live
            if other.parent_id == order.order_id
            and other.client_id == order.client_id
            and not other.status.is_done
        ]

    def executable(self, order: Order) -> Decimal:
        """What may fill now: a child no more than its parent has filled."""
        parent = self.parent(order)
        bounds = [order.quantity, parent.filled if parent else None, order.cap]
        return min(bound for bound in bounds if bound is not None) - order.filled

    # Requests

    def place(self, order: Order) -> list[News]:
        """Take a new order, or the revision of a working one."""
        known = self._by_key.get(order.key)
        if known is not None and not order.what_if:
            return self._revise(known, order)
        refusal = admission.check_fields(order, self)
        if refusal is not None:
            return [refusal]
        if order.what_if:
            return [what_if(order, self)]
        self._register(order)
        return self._transmit(order) if order.transmit else [_news(order)]

    def cancel(self, client_id: int, order_id: int) -> list[News]:
        """Cancel an order and what is attached to it."""
        order = self._by_key.get((client_id, order_id))
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
        return [item for order in self.working() if order.is_working for item in self.kill(order)]

    def forget_held(self, client_id: int) -> None:
        """Drop what a client sent but never transmitted: its connection is gone."""
        for order in list(self.books.orders.values()):
            if order.client_id == client_id and order.status is Status.PENDING_SUBMIT:
                del self.books.orders[order.perm_id]
                self._live.remove(order)

    def reject(self, order: Order, reason: str) -> list[News]:
        """Turn an order away as the broker does: inactive, then error 201; its children end."""
        order.status, order.done_at = Status.INACTIVE, self.at
        text = f"Order rejected - reason:{reason}"
        news: list[News] = [_news(order), Refused(*order.key, 201, text)]
        for child in self.children(order):
            news += self.kill(child)
        return news

    def turn_away(self, order: Order, reason: str) -> list[News]:
        """Take a new order only to reject it."""
        self._register(order)
        return self.reject(order, reason)

    def correct(self, execution: Execution, price: Decimal) -> Execution:
        """Replace an execution by its next revision at another price."""
        base, _, revision = execution.exec_id.rpartition(".")
        corrected = replace(
            execution, exec_id=f"{base}.{int(revision) + 1:02d}", price=price, average=price
        )
        signed = execution.quantity if execution.action == "BUY" else -execution.quantity
        self.books.account.reprice(execution.con_id, signed, execution.price, price)
        place = self.books.executions.index(execution)
        self.books.executions[place] = corrected
        return corrected

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
            if self.market.is_open(at):
                news += self._match()
            before = at
        self.now = now
        return news

    def execute(self, order: Order, match: matching.Match) -> list[News]:
        """Book a fill and everything that follows from it."""
        execution = self._book(order, match)
        if not order.remaining:
            order.status, order.why_held, order.done_at = Status.FILLED, "", self.at
        news: list[News] = [Executed(execution), _news(order), Commissioned(execution)]
        news += [StatusNews(replace(order)), PositionNews(order.con_id)]
        for other in self._group(order):
            alone = order.oca_type == 1
            news += self.kill(other) if alone else self._reduce(other, match.quantity)
        for child in self.children(order):
            if child.is_working:
                news += self.settle_status(child)
        return news

    def kill(self, order: Order) -> list[News]:
        """Cancel an order; children of one that has filled in part live on for that part."""
        order.status, order.why_held, order.done_at = Status.CANCELLED, "", self.at
        news: list[News] = [_news(order), Refused(*order.key, 202, "Order Canceled - reason:")]
        for child in self.children(order):
            if order.filled:
                child.quantity = min(child.quantity, order.filled)
                news.append(_news(child))
            else:
                news += self.kill(child)
        return news

    def settle_status(self, order: Order) -> list[News]:
        """Work out the status that is true now; tell it when it changed."""
        parent = self.parent(order)
        held = []
        if parent is not None and not parent.filled:
            held.append("child")
        if order.is_stop and not order.triggered:
            held.append("trigger")
        closed = not self.market.is_open(self.at) and not order.outside_rth
        waits = bool(held) or closed or order.order_type in CLOSING
        status, why = Status.PRE_SUBMITTED if waits else Status.SUBMITTED, ",".join(held)
        if (status, why) == (order.status, order.why_held):
            return []
        order.status, order.why_held = status, why
        return [_news(order)]

    def _match(self) -> list[News]:
        live = [order for order in self.working() if self.executable(order) > 0]
        if not live:
            return []
        touches = self._touches.of((order.con_id for order in live), self.at)
        news: list[News] = []
        for order in live:
            # An earlier fill in this second may have ended it.
            if order.is_working and self.executable(order) > 0:
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
        match = matching.fill(order, touch, self.executable(order), chance, self.settings)
        return news if match is None else news + self.execute(order, match)

    def _book(self, order: Order, match: matching.Match) -> Execution:
        books, at, quantity = self.books, self.at, match.quantity
        paid = order.average * order.filled + match.price * quantity
        order.filled += quantity
        order.average, order.last_price = paid / order.filled, match.price
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

    def _group(self, order: Order) -> list[Order]:
        if not order.oca_group:
            return []
        return [o for o in self.working() if o.oca_group == order.oca_group and o is not order]

    def _reduce(self, order: Order, quantity: Decimal) -> list[News]:
        if quantity >= order.remaining:
            return self.kill(order)
        order.quantity -= quantity
        return [_news(order)]

    # Placing

    def _register(self, order: Order) -> None:
        order.perm_id, order.entered_at = self.books.next_perm, self.at
        self.books.next_perm += 1
        self.books.orders[order.perm_id] = self._by_key[order.key] = order
        self._live.append(order)

    # The last order of a chain transmits all that waited for it; none fills before all are there.
    def _transmit(self, order: Order) -> list[News]:
        root = self.parent(order) or order
        family = [o for o in (root, *self.children(root)) if o.status is Status.PENDING_SUBMIT]
        news: list[News] = []
        for member in family:
            if member.status is Status.PENDING_SUBMIT:
                member.transmit = True
                news += self._activate(member)
        for member in family:
            news += self._try_now(member)
            if member.tif == "IOC" and member.is_working:
                news += self.kill(member)
        return news

    def _activate(self, order: Order) -> list[News]:
        reason = admission.check_account(order, self)
        if reason is not None:
            return self.reject(order, reason)
        parent = self.parent(order)
        if parent is not None and not order.oca_group:
            order.oca_group, order.oca_type = str(parent.perm_id), 3
        order.status = Status.PRE_SUBMITTED
        news: list[News] = [_news(order), *self.settle_status(order)]
        if not self.market.is_open(self.at) and not order.outside_rth:
            news.append(_waits_for_open(order, self.at))
        return news

    # A marketable order fills on arrival; chance plays only at whole seconds.
    def _try_now(self, order: Order) -> list[News]:
        ready = order.is_working and not order.is_stop and self.market.is_open(self.at)
        if not ready or self.executable(order) <= 0:
            return []
        return self._try(order, self.touch(order.con_id), None)

    def _revise(self, known: Order, asked: Order) -> list[News]:
        refusal = admission.check_revision(known, asked, self)
        if refusal is not None:
            return [refusal]
        known.quantity, known.order_type, known.tif = asked.quantity, asked.order_type, asked.tif
        known.limit, known.aux, known.order_ref = asked.limit, asked.aux, asked.order_ref
        known.trail_percent, known.outside_rth = asked.trail_percent, asked.outside_rth
        known.trail_stop, known.confirmations = asked.trail_stop, 0
        if known.status is Status.PENDING_SUBMIT:
            return self._transmit(known) if asked.transmit else [_news(known)]
        if not known.remaining:
            return self.kill(known)
        self.settle_status(known)
        return [_news(known), *self._try_now(known)]


def what_if(order: Order, exchange: Exchange) -> WhatIf:
    """What the order would do to margin and equity with loan value: options lend nothing."""
    books, mark = exchange.books.account, exchange.mark
    touch, times = exchange.touch(order.con_id), account.multiplier(order.con_id)
    worth = (order.limit or touch.ask or touch.last) * order.quantity * times
    is_stock = times == 1
    cost = books.quote_commission(order.con_id, order.quantity)
    before, equity = books.margin(mark), books.available(mark) + books.margin(mark)
    spent = ZERO if is_stock else (worth if order.is_buy else -worth)
    return WhatIf(
        order=order,
        initial_before=before,
        initial_after=before + (worth / 4 if is_stock else ZERO),
        equity_before=equity,
        equity_after=equity - spent - cost,
        commission=cost,
    )


# Whole seconds in (before, now], in longer strides when there are many.
def _strides(before: datetime, now: datetime) -> Iterator[datetime]:
    seconds = int(now.timestamp()) - int(before.timestamp())
    stride = max(1, seconds // _MOST_STRIDES)
    first = before.replace(microsecond=0)
    for n in range(stride, seconds + 1, stride):
        yield first + timedelta(seconds=n)


def _waits_for_open(order: Order, at: datetime) -> Refused:
    opens = calendar.on_or_after(calendar.session_date(at))
    if opens.open_at <= at:
        opens = calendar.next_session(opens.date)
    text = "Order Message:\nWarning: Your order will not be placed at the exchange until"
    return Refused(*order.key, 399, f"{text} {opens.date} 09:30:00 US/Eastern.")


def _news(order: Order) -> OrderNews:
    return OrderNews(replace(order))
