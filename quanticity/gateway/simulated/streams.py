"""Live subscriptions of one client: each writes what has changed since it last wrote."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from quanticity.gateway.simulated import data_messages as say
from quanticity.gateway.simulated.bars import Bars
from quanticity.gateway.simulated.board import Board, OptionRow
from quanticity.gateway.simulated.contracts import Listed
from quanticity.gateway.simulated.market import Row, Top
from quanticity.gateway.simulated.prices import TICK
from quanticity.gateway.simulated.prints import Print

DELAY = timedelta(minutes=15)
_FEW = 1e-9


class Stream(Protocol):
    """Something a client has subscribed to."""

    request_id: int
    listed: Listed

    def pulse(self, now: datetime) -> Iterator[bytes]:
        """Messages for what changed since the last pulse."""
        ...


@dataclass(slots=True)
class Sent:
    """Remembers the last value sent of each tick."""

    values: dict[int, object] = field(default_factory=dict)

    def is_new(self, tick: int, value: object) -> bool:
        """Say whether this value has not just been sent."""
        if self.values.get(tick, self) == value:
            return False
        self.values[tick] = value
        return True

    def side(
        self, request_id: int, ticks: tuple[int, int], price: float | None, size: int
    ) -> Iterator[bytes]:
        """A price with its size when the price moved; the size alone when only that did."""
        price_tick, size_tick = ticks
        moved, resized = self.is_new(price_tick, price), self.is_new(size_tick, size)
        if moved:
            yield say.price(request_id, price_tick, price, size)
        if moved or resized:
            yield say.size(request_id, size_tick, size)


@dataclass(slots=True)
class StockQuotes:
    """Level 1 of a stock or index, with prints when RTVolume was asked for."""

    request_id: int
    listed: Listed
    generics: frozenset[str]
    board: Board
    extras: Callable[[], Iterator[bytes]]
    prints_since: datetime
    sent: Sent = field(default_factory=Sent)
    paid: float = 0.0
    shares: int = 0

    def pulse(self, now: datetime) -> Iterator[bytes]:
        """Prints of the seconds before, quote changes, prints of the running second."""
        name, ident = self.listed.symbol.name, self.request_id
        top = self.board.top(name)
        trades = self.board.market.prints(name, self.prints_since, now)
        self.prints_since = now
        turn = now.replace(microsecond=0)
        yield from self._prints([trade for trade in trades if trade.at < turn])
        first = not self.sent.values
        yield from self._quote(top)
        if first:
            yield from self._day(top)
            yield from self.extras()
        yield from self._prints([trade for trade in trades if trade.at >= turn])
        if "225" in self.generics:
            yield from self._auction(name, now)
        yield from self._halted(name, now)
        for tick, value in ((say.HIGH, top.high), (say.LOW, top.low)):
            if self.sent.is_new(tick, value):
                yield say.price(ident, tick, value, 0)
        if "232" in self.generics or "221" in self.generics:
            mark = (top.bid + top.ask) / 2 if top.bid and top.ask else top.last
            if self.sent.is_new(say.MARK, mark):
                yield say.price(ident, say.MARK, mark, 0)

    def _halted(self, name: str, now: datetime) -> Iterator[bytes]:
        halt = self.board.market.halt(name, now)
        kind = 0 if halt is None else halt.kind
        if self.listed.sec_type == "STK" and self.sent.is_new(say.HALTED, kind):
            yield say.generic(self.request_id, say.HALTED, kind)

    def _auction(self, name: str, now: datetime) -> Iterator[bytes]:
        found, ident = self.board.market.imbalance(name, now), self.request_id
        if found is None or not self.sent.is_new(say.AUCTION_IMBALANCE, found):
            return
        yield say.size(ident, say.AUCTION_VOLUME, found.paired)
        yield say.size(ident, say.AUCTION_IMBALANCE, found.imbalance)
        yield say.price(ident, say.AUCTION_PRICE, found.price, 0)
        yield say.size(ident, say.REGULATORY_IMBALANCE, found.regulatory)

    def _quote(self, top: Top) -> Iterator[bytes]:
        yield from self.sent.side(self.request_id, (say.BID, say.BID_SIZE), top.bid, top.bid_size)
        yield from self.sent.side(self.request_id, (say.ASK, say.ASK_SIZE), top.ask, top.ask_size)
        if top.bid is None:
            yield from self.sent.side(self.request_id, (say.LAST, say.LAST_SIZE), top.last, 0)

    def _day(self, top: Top) -> Iterator[bytes]:
        ident = self.request_id
        yield say.price(ident, say.OPEN, top.open, 0)
        yield say.price(ident, say.CLOSE, top.previous_close, 0)
        yield say.size(ident, say.VOLUME, top.volume)
        yield from self.sent.side(
            ident, (say.LAST, say.LAST_SIZE), top.last, 0 if top.bid is None else 100
        )
        yield say.generic(ident, say.HALTED, 0.0)

    def _prints(self, trades: list[Print]) -> Iterator[bytes]:
        ident = self.request_id
        for trade in trades:
            self.paid += trade.price * trade.size
            self.shares += trade.size
            if "233" in self.generics:
                yield say.rt_volume(ident, trade, self.paid / self.shares)
        if trades:
            last = trades[-1]
            yield from self.sent.side(ident, (say.LAST, say.LAST_SIZE), last.price, last.size)
            yield say.size(ident, say.VOLUME, last.total_volume)
            yield say.text(ident, say.LAST_TIME, str(int(last.at.timestamp())))


@dataclass(slots=True)
class OptionStream:
    """Level 1 of an option; trades since the last pulse are one print a side."""

    request_id: int
    listed: Listed
    generics: frozenset[str]
    board: Board
    extras: Callable[[], Iterator[bytes]]
    sent: Sent = field(default_factory=Sent)
    traded: tuple[int, int] | None = None

    def pulse(self, now: datetime) -> Iterator[bytes]:
        """Quote changes, the computations that follow, sampled prints."""
        ident, row = self.request_id, self.board.option(self.listed.con_id)
        first = not self.sent.values
        bid = row.bid or None
        yield from self.sent.side(ident, (say.BID, say.BID_SIZE), bid, row.bid_size if bid else 0)
        yield from self.sent.side(ident, (say.ASK, say.ASK_SIZE), row.ask, row.ask_size)
        if self.sent.is_new(say.MODEL, (row.price, row.iv, row.spot)):
            yield from self._computations(row)
        if first:
            yield from self.extras()
        yield from self._print(row, now)

    def _computations(self, row: OptionRow) -> Iterator[bytes]:
        greeks = (row.gamma, row.vega, row.theta, row.spot)
        for tick, price in ((say.BID_MODEL, row.bid), (say.ASK_MODEL, row.ask)):
            iv = row.iv + 0.01 * (price - row.price) / row.vega if row.vega > _FEW else -1.0
            known = (round(iv, 6), row.delta) if iv > 0 and price > 0 else (-1.0, -2.0)
            yield say.computation(self.request_id, tick, (*known, price, 0.0, *greeks))
        model = (row.iv, row.delta, row.price, 0.0, *greeks)
        yield say.computation(self.request_id, say.MODEL, model)

    def _print(self, row: OptionRow, now: datetime) -> Iterator[bytes]:
        ident, before = self.request_id, self.traded
        self.traded = (row.bought, row.sold)
        if before is None:
            yield say.size(ident, say.VOLUME, row.volume)
            if row.volume:
                yield from self.sent.side(ident, (say.LAST, say.LAST_SIZE), row.last, 1)
            return
        if self.traded == before:
            return
        yield say.size(ident, say.VOLUME, row.volume)
        total = sum(before)
        # The print that `last` is at comes last.
        low = max(row.bid, TICK)
        sides = [(row.ask, row.bought - before[0]), (low, row.sold - before[1])]
        for price, size in sides if row.last == row.bid else sides[::-1]:
            if size <= 0:
                continue
            total += size
            yield from self.sent.side(ident, (say.LAST, say.LAST_SIZE), price, size)
            if "233" in self.generics:
                yield say.rt_volume(ident, Print(now, price, size, 0, "", total), price)


@dataclass(slots=True)
class Delayed:
    """Another stream as it was a quarter of an hour ago, under the names of delayed ticks."""

    request_id: int
    listed: Listed
    stream: Stream
    board: Board

    def pulse(self, now: datetime) -> Iterator[bytes]:
        """What changed then."""
        then = now - DELAY
        self.board.turn(then)
        for message in self.stream.pulse(then):
            renamed = say.delayed(message)
            if renamed is not None:
                yield renamed


@dataclass(slots=True)
class Depth:
    """Ten rows a side, replaced in place."""

    request_id: int
    listed: Listed
    rows: int
    board: Board
    shown: tuple[list[Row], list[Row]] = field(default_factory=lambda: ([], []))

    def pulse(self, now: datetime) -> Iterator[bytes]:  # noqa: ARG002 - a stream is pulsed with the time
        """Rows that changed."""
        bids, asks = self.board.book(self.listed.symbol.name)
        for side, rows, before in ((1, bids, self.shown[0]), (0, asks, self.shown[1])):
            for place, row in enumerate(rows[: self.rows]):
                new = place >= len(before)
                if new or before[place] != row:
                    yield say.depth_row(self.request_id, place, side, row, new=new)
        self.shown = (bids[: self.rows], asks[: self.rows])


@dataclass(slots=True)
class TickByTick:
    """Every print, or every change of the best bid and ask."""

    request_id: int
    listed: Listed
    kind: str
    board: Board
    since: datetime
    last: object = None

    def pulse(self, now: datetime) -> Iterator[bytes]:
        """What happened since the last pulse."""
        name = self.listed.symbol.name
        if self.kind in {"Last", "AllLast"}:
            code = say.KINDS[self.kind]
            for trade in self.board.market.prints(name, self.since, now):
                yield say.tick_last(self.request_id, code, trade)
            self.since = now
            return
        top = self.board.top(name)
        shown = (top.bid, top.ask, top.bid_size, top.ask_size)
        if shown == self.last or top.bid is None or top.ask is None:
            return
        self.last = shown
        bid, ask = Row(top.bid, top.bid_size, ""), Row(top.ask, top.ask_size, "")
        if self.kind == "BidAsk":
            yield say.tick_bid_ask(self.request_id, now, bid, ask)
        else:
            yield say.tick_mid(self.request_id, now, (top.bid + top.ask) / 2)


@dataclass(slots=True)
class FiveSecondBars:
    """Finished five-second bars."""

    request_id: int
    listed: Listed
    what: str
    bars: Bars
    since: datetime

    def pulse(self, now: datetime) -> Iterator[bytes]:
        """Bars that ended since the last pulse."""
        due = int(now.timestamp()) // 5 * 5
        if due <= self.since.timestamp():
            return
        until = datetime.fromtimestamp(due, now.tzinfo)
        # A bar belongs to this pulse when it starts at or after the last one's end.
        for bar in self.bars.between(self.listed.symbol.name, 5, self.since, until, self.what):
            yield say.realtime_bar(self.request_id, bar)
        self.since = until
