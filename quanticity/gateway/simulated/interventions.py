"""What a script, not a client, does to the exchange: reject, correct, trade by hand (pure)."""

from dataclasses import replace
from decimal import Decimal

from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.matching import REMOVED, Match
from quanticity.gateway.simulated.orders import BUY, SELL, Execution, News, Order, Status


def turn_away(exchange: Exchange, order: Order, reason: str) -> list[News]:
    """Take a new order only to reject it."""
    exchange.books.add(order, exchange.at)
    return exchange.reject(order, reason)


def trade_by_hand(exchange: Exchange, con_id: int, quantity: int) -> list[News]:
    """Fill a market order that no client sent: client 0, order id 0."""
    action = BUY if quantity > 0 else SELL
    order = Order(0, 0, con_id, action, Decimal(abs(quantity)), "MKT")
    order.account = exchange.books.account.settings.account
    exchange.books.add(order, exchange.at)
    order.status = Status.SUBMITTED
    touch = exchange.touch(con_id)
    price = (touch.ask if order.is_buy else touch.bid) or touch.last
    return exchange.execute(order, Match(price, order.quantity, REMOVED))


def correct(exchange: Exchange, execution: Execution, price: Decimal) -> Execution:
    """Replace an execution by its next revision at another price."""
    books = exchange.books
    base, _, revision = execution.exec_id.rpartition(".")
    corrected = replace(
        execution, exec_id=f"{base}.{int(revision) + 1:02d}", price=price, average=price
    )
    signed = execution.quantity if execution.action == BUY else -execution.quantity
    books.account.reprice(execution.con_id, signed, execution.price, price)
    books.executions[books.executions.index(execution)] = corrected
    return corrected
