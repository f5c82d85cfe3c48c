"""What the clock does to orders and positions: open, closing cross, end of day, expiry (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.clock import eastern
from quanticity.gateway.simulated import listing, matching
from quanticity.gateway.simulated.orders import CLOSING, ZERO, News, Order, PositionNews
from quanticity.gateway.simulated.touches import cents

if TYPE_CHECKING:
    from quanticity.gateway.simulated.exchange import Exchange

_ROLL = timedelta(hours=4)
_AUCTION = matching.REMOVED


def turn(exchange: Exchange, before: datetime, at: datetime) -> list[News]:
    """Do what falls due in (before, at]."""
    news: list[News] = []
    day, last = eastern(before).date(), eastern(at).date()
    while day <= last:
        if calendar.is_session(day):
            news += _turn_session(exchange, calendar.session(day), before, at)
        day += timedelta(days=1)
    return news


def _turn_session(
    exchange: Exchange, session: Session, before: datetime, at: datetime
) -> list[News]:
    news: list[News] = []
    if before < session.open_at <= at:
        news += [
            item for order in exchange.books.working() for item in exchange.settle_status(order)
        ]
        news += _open(exchange, session)
    if before < session.close_at <= at:
        news += _cross_all(exchange, session) + _end_day(exchange, session, session.close_at)
    if before < session.late_close_at <= at:
        news += _end_day(exchange, session, session.late_close_at)
    if before < session.close_at + _ROLL <= at:
        news += _expire(exchange, session)
        books = exchange.books.account
        books.equity_at_close = books.equity(exchange.mark)
    return news


# Orders for the open fill at the first price or end.
def _open(exchange: Exchange, session: Session) -> list[News]:
    news: list[News] = []
    for order in exchange.books.working():
        if order.tif != "OPG":
            continue
        symbol = listing.symbol_of_id(order.con_id)
        if symbol is not None:
            price = cents(exchange.market.top(symbol.name, session.open_at).open)
            if order.limit is None or _within(order, price):
                quantity = exchange.books.executable(order)
                news += exchange.execute(order, matching.Match(price, quantity, _AUCTION))
        if order.is_working:
            news += exchange.kill(order)
    return news


def _within(order: Order, price: Decimal) -> bool:
    assert order.limit is not None
    return price <= order.limit if order.is_buy else price >= order.limit


# Orders for the close fill at the official price.
def _cross_all(exchange: Exchange, session: Session) -> list[News]:
    news: list[News] = []
    for order in exchange.books.working():
        if order.order_type in CLOSING and exchange.books.executable(order) > 0:
            news += _cross(exchange, order, session)
    return news


# What was good for the day ends with the hours of its contract.
def _end_day(exchange: Exchange, session: Session, at: datetime) -> list[News]:
    news: list[News] = []
    for order in exchange.books.working():
        ends = listing.closes_at(order.con_id, session) == at
        if ends and order.is_working and not _stays(order, session):
            news += exchange.kill(order)
    return news


# What is good until a later day, or until it is cancelled.
def _stays(order: Order, session: Session) -> bool:
    if order.tif == "GTD":
        return order.good_till[:8] > f"{session.date:%Y%m%d}"
    return order.tif == "GTC"


def _cross(exchange: Exchange, order: Order, session: Session) -> list[News]:
    symbol = listing.symbol_of_id(order.con_id)
    assert symbol is not None
    price = cents(exchange.market.tapes.close(symbol.name, session.date))
    if order.limit is not None and not _within(order, price):
        return []
    return exchange.execute(
        order, matching.Match(price, exchange.books.executable(order), _AUCTION)
    )


# Options in the money by a cent are exercised at the official close, the others vanish; orders
# for them end.
def _expire(exchange: Exchange, session: Session) -> list[News]:
    news: list[News] = []
    for order in exchange.books.working():
        option = listing.option_of_id(order.con_id)
        if order.is_working and option is not None and option.expiry <= session.date:
            news += exchange.kill(order)
    books = exchange.books.account
    for con_id in list(books.positions):
        contract = listing.option_of_id(con_id)
        symbol = listing.symbol_of_root(contract.root) if contract else None
        if contract is None or symbol is None or contract.expiry > session.date:
            continue
        close = cents(exchange.market.official(symbol.name, contract.expiry))
        worth = max((close - contract.strike) * contract.right.sign, ZERO)
        quantity = books.quantity(con_id)
        books.book(con_id, -quantity, worth if symbol.european else ZERO, ZERO)
        news.append(PositionNews(con_id))
        if worth and not symbol.european:
            books.book(symbol.con_id, quantity * 100 * contract.right.sign, contract.strike, ZERO)
            news.append(PositionNews(symbol.con_id))
    return news
