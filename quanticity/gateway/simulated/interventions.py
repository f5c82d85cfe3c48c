"""What a script, not a client, does to the exchange: reject, correct, trade by hand (pure)."""

from dataclasses import replace
from decimal import Decimal

from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.orders import (
    BUY,
    SELL,
    ZERO,
    Execution,
    News,
    Order,
    OrderNews,
    Status,
)


def turn_away(exchange: Exchange, order: Order, reason: str) -> list[News]:
    """Take a new order, with those that waited for it, only to reject it."""
    order.turned_away = reason
    return exchange.place(order)


def trade_by_hand(
    exchange: Exchange, con_id: int, quantity: int, limit: Decimal | None
) -> list[News]:
    """Enter an order that no client sent: client 0, order id 0; without a limit it fills."""
    action = BUY if quantity > 0 else SELL
    kind = "MKT" if limit is None else "LMT"
    order = Order(0, 0, con_id, action, Decimal(abs(quantity)), kind, limit, tif="GTC")
    order.account = exchange.books.account.settings.account
    exchange.books.add(order, exchange.at)
    order.status = Status.SUBMITTED
    return [OrderNews(replace(order))] if limit is not None else fill_now(exchange, order)


def fill_now(exchange: Exchange, order: Order) -> list[News]:
    """Fill the rest of an order at what is shown."""
    return exchange.execute(order, exchange.sweep(order))


def cancel(exchange: Exchange, ending: str) -> list[News]:
    """Cancel working orders by the end of their reference, as nobody asked for."""
    found = [order for order in exchange.books.working() if order.order_ref.endswith(ending)]
    return [news for order in found if order.is_working for news in exchange.kill(order)]


def twin(exchange: Exchange, asked: Order) -> list[News]:
    """Enter a revision as an order of its own; the one it was to revise works on."""
    known = exchange.books.order(*asked.key)
    order = replace(asked, order_id=exchange.books.next_order_id(asked.client_id))
    if known is not None:
        order.oca_group, order.oca_type = known.oca_group, known.oca_type
    exchange.books.add(order, exchange.at)
    order.status = Status.PRE_SUBMITTED
    return [OrderNews(replace(order)), *exchange.settle_status(order)]


def correct(
    exchange: Exchange, execution: Execution, price: Decimal, quantity: Decimal
) -> Execution:
    """Replace an execution by its next revision: another price, another quantity, or none."""
    books = exchange.books
    base, _, revision = execution.exec_id.rpartition(".")
    corrected = replace(
        execution,
        exec_id=f"{base}.{int(revision) + 1:02d}",
        price=price,
        average=price,
        quantity=quantity,
        cumulative=execution.cumulative - execution.quantity + quantity,
    )
    sign = 1 if execution.action == BUY else -1
    books.account.reprice(execution.con_id, sign * execution.quantity, execution.price, price)
    taken_back = sign * (quantity - execution.quantity)
    if taken_back:
        books.account.book(execution.con_id, taken_back, price, ZERO)
    books.executions[books.executions.index(execution)] = corrected
    return corrected
