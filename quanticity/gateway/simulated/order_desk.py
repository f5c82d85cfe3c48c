"""Requests about orders and executions, and their answers."""

from datetime import datetime

from quanticity.domain import calendar
from quanticity.domain.clock import NEW_YORK, eastern
from quanticity.gateway.simulated import account_messages, contracts, order_messages
from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.orders import Execution, Order, Status
from quanticity.gateway.simulated.wire import Fields, frame


def place(link: Connection, fields: Fields) -> None:
    """Place or revise an order."""
    asked, order = order_messages.read_order(fields, link.client_id, link.version)
    if asked.sec_type == "BAG":
        link.error(order.order_id, 200, "Combination orders are not listed here.")
        return
    listed = link.find(order.order_id, asked)
    if listed is None:
        return
    order.con_id = listed.con_id
    order.account = order.account or link.floor.account_id
    floor, now = link.floor, link.floor.now()
    is_new = floor.exchange.books.order(*order.key) is None
    meet = floor.faults.meet_order if is_new else floor.faults.meet_revision
    if order.what_if:
        floor.faults.meet_what_if(link, order, now)
    elif meet(link, order, now):
        return
    news = floor.exchange.place(order)
    if is_new and not order.what_if:
        floor.faults.before_reply(link, now)
    floor.tell(news)


def cancel(link: Connection, fields: Fields) -> None:
    """Cancel one order."""
    fields.skip()
    floor, order_id = link.floor, fields.integer()
    if not floor.faults.meet_cancel(link, order_id, floor.now()):
        floor.tell(floor.exchange.cancel(link.client_id, order_id))


def cancel_all(link: Connection, fields: Fields) -> None:
    """Cancel all orders of all clients."""
    fields.skip()
    link.floor.now()
    link.floor.tell(link.floor.exchange.cancel_all())


def open_orders(link: Connection, fields: Fields) -> None:
    """List this client's working orders."""
    fields.skip()
    _list(link, [o for o in _open(link) if o.client_id == link.client_id])


def all_open_orders(link: Connection, fields: Fields) -> None:
    """List every client's working orders."""
    fields.skip()
    _list(link, _open(link))


def bind(_link: Connection, _fields: Fields) -> None:
    """Accept a request to bind manual orders: there are none."""


def next_id(link: Connection, fields: Fields) -> None:
    """Tell the next valid order id."""
    fields.skip(2)
    link.send(frame(9, 1, link.floor.exchange.books.next_order_id(link.client_id)))


def completed(link: Connection, fields: Fields) -> None:
    """List the orders that ended since the previous session's close."""
    fields.skip()
    since = _previous_close(link.floor.now())
    for order in link.floor.exchange.books.orders.values():
        if order.status.is_done and order.done_at is not None and order.done_at > since:
            parent = link.floor.exchange.books.parent(order)
            link.send(order_messages.completed_order(order, parent, link.version))
    link.send(frame(102))


def executions(link: Connection, fields: Fields) -> None:
    """List executions since midnight that pass the filter, with their commissions."""
    fields.skip()
    request_id, wanted = fields.integer(), _Filter(fields)
    today = eastern(link.floor.now()).date()
    name = link.floor.account_id
    for execution in link.floor.exchange.books.executions:
        if eastern(execution.at).date() == today and wanted.passes(execution):
            link.send(
                order_messages.exec_details(request_id, execution, name, link.version),
                order_messages.commission_report(execution),
            )
    link.send(account_messages.ended(55, request_id))


class _Filter:
    """Which executions a client asks for; empty fields pass everything."""

    def __init__(self, fields: Fields) -> None:
        self.client_id = fields.integer()
        self.account = fields.text()
        self.since = _time(fields.text())
        self.symbol, self.sec_type, _exchange = fields.text(), fields.text(), fields.text()
        self.side = fields.text()

    def passes(self, execution: Execution) -> bool:
        """Say whether an execution is wanted."""
        described = contracts.terms(execution.con_id, "")
        side = {"BUY": "BOT", "SELL": "SLD"}[execution.action]
        return (
            self.client_id in {0, execution.client_id}
            and self.symbol in {"", described[1]}
            and self.sec_type in {"", described[2]}
            and self.side in {"", execution.action, side}
            and (self.since is None or execution.at >= self.since)
        )


def _time(text: str) -> datetime | None:
    for form in ("%Y%m%d-%H:%M:%S", "%Y%m%d %H:%M:%S"):
        try:
            naive = datetime.strptime(text[:17], form)  # noqa: DTZ007 - New York's wall clock
        except ValueError:
            continue
        return naive.replace(tzinfo=NEW_YORK)
    return None


def _open(link: Connection) -> list[Order]:
    link.floor.now()
    orders = link.floor.exchange.books.orders.values()
    return [o for o in orders if not o.status.is_done and o.status is not Status.PENDING_SUBMIT]


def _list(link: Connection, orders: list[Order]) -> None:
    for order in orders:
        link.send(
            order_messages.open_order(order, link.version), order_messages.order_status(order)
        )
    link.send(frame(53, 1))


def _previous_close(at: datetime) -> datetime:
    return calendar.previous_session(calendar.session_date(at)).close_at


DESK: dict[int, Handler] = {
    3: place,
    4: cancel,
    5: open_orders,
    7: executions,
    8: next_id,
    15: bind,
    16: all_open_orders,
    58: cancel_all,
    99: completed,
}
