"""Single blows on script: to sockets, to market data and quotes, to orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.gateway.simulated import data_messages as say
from quanticity.gateway.simulated import interventions, listing
from quanticity.gateway.simulated.fault_script import Action, Fault
from quanticity.gateway.simulated.market import Halt
from quanticity.gateway.simulated.prints import Print
from quanticity.gateway.simulated.streams import Depth, OptionStream, StockQuotes, TickByTick

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quanticity.gateway.simulated.connection import Connection
    from quanticity.gateway.simulated.floor import Floor
    from quanticity.gateway.simulated.streams import Stream

UNSUBSCRIBED = 354
_RESET = "Market depth data has been RESET. Please empty deep book contents before applying."
_GARBAGE = b"\x00\x00\x00\x07\xff\xfe\x00\x01\x02\x03\x00"
_FALSE_LENGTH = b"\x00\x0f\xff\xff4\x002\x00"
_HALF_FRAME = b"\x00\x00\x00\x2049\x001\x00"


def disturb(
    fault: Fault, floor: Floor, now: datetime, until: datetime, link: Connection | None
) -> None:
    """Do what a fault says, to one client's socket or to everybody."""
    links = [link] if link is not None else floor.links()
    match fault.action:
        case Action.DROP | Action.HALF_FRAME | Action.HALF_OPEN | Action.GARBAGE:
            _break_sockets(fault.action, floor, until, links)
        case Action.FALSE_LENGTH:
            for one in links:
                one.send(_FALSE_LENGTH)
        case Action.MANUAL | Action.CANCEL | Action.RACE | Action.CASH:
            _meddle(fault, floor)
        case _:
            _mislead(fault, floor, now, until)


def deny(floor: Floor, fault: Fault) -> None:
    """End the running market data of a symbol with an error each."""
    for link in floor.links():
        for request_id in [stream.request_id for stream in _watching(link, fault.symbol)]:
            link.end(request_id)
            link.error(request_id, fault.code or UNSUBSCRIBED, fault.text or say.NOT_SUBSCRIBED)


def _break_sockets(action: Action, floor: Floor, until: datetime, links: list[Connection]) -> None:
    for link in links:
        if action == Action.GARBAGE:
            link.send(_GARBAGE)
            continue
        if action == Action.HALF_OPEN:
            floor.taken_ids[link.client_id] = until
        if action == Action.HALF_FRAME:
            link.send(_HALF_FRAME)
            link.close()
        else:
            link.cut()


# Somebody or something else acts on orders.
def _meddle(fault: Fault, floor: Floor) -> None:
    exchange = floor.exchange
    match fault.action:
        case Action.MANUAL:
            con_id, limit = _con_id(fault.symbol), Decimal(fault.price) if fault.price else None
            floor.tell(interventions.trade_by_hand(exchange, con_id, fault.quantity, limit))
        case Action.CANCEL:
            floor.tell(interventions.cancel(exchange, fault.text))
        case Action.RACE:
            exchange.races = True
        case Action.CASH:
            exchange.books.account.pay(Decimal(fault.price))


# Market data that is wrong, or a market that is.
def _mislead(fault: Fault, floor: Floor, now: datetime, until: datetime) -> None:
    match fault.action:
        case Action.ERROR:
            floor.shout(fault.code, fault.text)
        case Action.JUMP:
            floor.market.tapes.jump(fault.symbol, now, fault.frac)
        case Action.HALT:
            floor.market.halts.append(Halt(fault.symbol, now, until, fault.code or 1))
        case Action.SPREAD:
            floor.board.spreads[_con_id(fault.symbol)] = (float(fault.price), until)
        case Action.TICK | Action.PRINT | Action.RESET_DEPTH:
            for link in floor.links():
                for stream in _watching(link, fault.symbol):
                    _wrong(fault, link, stream, now)


# What is wrong is told once and stands for a pulse; the one after says what is right.
def _wrong(fault: Fault, link: Connection, stream: Stream, now: datetime) -> None:
    ident = stream.request_id
    link.silent.add(ident)
    match fault.action, stream:
        case Action.TICK, StockQuotes() | OptionStream():
            stream.sent.values.clear()
            link.send(*say.wrong_tick(ident, fault.text, fault.price))
        case Action.PRINT, StockQuotes():
            stream.sent.values.pop(say.LAST, None)
            link.send(*_print(fault, stream, now))
        case Action.PRINT, TickByTick() if stream.kind in say.PRINT_KINDS:
            link.send(say.tick_last(ident, say.KINDS[stream.kind], _trade(fault, now)))
        case Action.RESET_DEPTH, Depth():
            stream.shown = ([], [])
            link.error(ident, 317, _RESET)


def _print(fault: Fault, stream: StockQuotes, now: datetime) -> Iterator[bytes]:
    trade = _trade(fault, now)
    if "233" in stream.generics:
        yield say.rt_volume(stream.request_id, trade, trade.price)
    yield say.price(stream.request_id, say.LAST, trade.price, trade.size)
    yield say.size(stream.request_id, say.LAST_SIZE, trade.size)


def _trade(fault: Fault, now: datetime) -> Print:
    return Print(now, float(fault.price), max(fault.quantity, 1), 0, "FINRA", 0)


def _watching(link: Connection, symbol: str) -> list[Stream]:
    name = symbol.upper()
    found = []
    for stream in link.streams.values():
        listed = stream.listed
        code = listed.option.occ if listed.option else listed.symbol.name
        if name in {"", code}:
            found.append(stream)
    return found


def _con_id(symbol: str) -> int:
    known = listing.SYMBOLS.get(symbol)
    con_id = known.con_id if known is not None else listing.option_id(parse_occ(symbol))
    if con_id is None:
        raise MalformedInput(f"expected a listed symbol or OCC code, was {symbol!r}")
    return con_id
