"""Requests for market data: quotes, depth, ticks, five-second bars."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from quanticity.gateway.simulated import contracts, streams
from quanticity.gateway.simulated import data_messages as say
from quanticity.gateway.simulated.board import Board
from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.contracts import Listed
from quanticity.gateway.simulated.disturbances import UNSUBSCRIBED
from quanticity.gateway.simulated.panels import panels_of
from quanticity.gateway.simulated.streams import Stream
from quanticity.gateway.simulated.wire import Fields

_FROZEN, _DELAYED = {2, 4}, {3, 4}  # wishes of a client
_SHOWN_DELAYED = 10167
_WINDOW = timedelta(seconds=600)
_KNOWN_TICKS = frozenset({
    "100", "101", "104", "105", "106", "162", "165", "221", "225", "232", "233", "236", "256",
    "258", "292", "293", "294", "295", "318", "375", "411", "456", "576", "577", "578", "586",
    "588", "614", "619", "623", "mdoff",
})  # fmt: skip


def quotes(link: Connection, fields: Fields) -> None:
    """Begin level 1 of a contract, or send one snapshot."""
    fields.skip()
    request_id, asked = fields.integer(), contracts.read(fields)
    if asked.sec_type == "BAG":
        fields.skip(4 * fields.integer())
    if fields.flag():
        fields.skip(3)
    generics = frozenset(text for text in fields.text().split(",") if text)
    snapshot = fields.flag()
    listed = link.find(request_id, asked)
    if listed is None:
        return
    if unknown := {tick.split(":")[0] for tick in generics} - _KNOWN_TICKS:
        cause = f"Incorrect generic tick list of {','.join(sorted(unknown))}"
        link.error(request_id, 321, f"Error validating request:-'bN' : cause - {cause}")
    elif (board := _board(link, request_id, listed)) is None:
        return
    elif snapshot:
        _snapshot(link, request_id, listed, generics, board)
    elif _lines(link) >= link.floor.settings.data_lines and request_id not in link.streams:
        link.error(request_id, 101, "Max number of tickers has been reached")
    else:
        _subscribe(link, request_id, listed, generics, board)


def cancel(link: Connection, fields: Fields) -> None:
    """End level 1, depth or bars of a contract."""
    fields.skip()
    request_id = fields.integer()
    if not link.end(request_id):
        link.error(request_id, 300, f"Can't find EId with tickerId:{request_id}")


def data_type(link: Connection, fields: Fields) -> None:
    """Note the wish for live, frozen or delayed data where live data is not to be had."""
    fields.skip()
    link.data_type = fields.integer()


def depth(link: Connection, fields: Fields) -> None:
    """Begin the depth of a stock."""
    fields.skip()
    request_id, asked, rows = fields.integer(), contracts.read(fields), fields.integer()
    listed = link.find(request_id, asked)
    if listed is None:
        return
    open_books = sum(isinstance(stream, streams.Depth) for stream in link.streams.values())
    if _is_denied(link, request_id, listed):
        return
    if not listed.symbol.depth or listed.option is not None:
        text = "Deep market data is not supported for this combination of security type/exchange"
        link.error(request_id, 10092, text)
    elif open_books >= link.floor.settings.depth_subscriptions:
        link.error(request_id, 309, "Max number (3) of market depth requests has been reached")
    else:
        link.send(say.data_type(request_id, 1))
        link.subscribe(streams.Depth(request_id, listed, min(max(rows, 1), 10), link.floor.board))


def ticks(link: Connection, fields: Fields) -> None:
    """Begin tick-by-tick data of a stock."""
    request_id, asked, kind = fields.integer(), contracts.read(fields), fields.text()
    listed = link.find(request_id, asked)
    if listed is None:
        return
    live = sum(isinstance(stream, streams.TickByTick) for stream in link.streams.values())
    if kind not in say.KINDS or listed.sec_type != "STK":
        text = (
            "Failed to request tick-by-tick data.BidAsk tick-by-tick requests are not supported for"
        )
        link.error(request_id, 10189, f"{text} {listed.symbol.name}.")
    elif live >= link.floor.settings.tick_by_tick_subscriptions:
        link.error(request_id, 10190, "Max number of tick-by-tick requests has been reached.")
    else:
        now = link.floor.now()
        link.subscribe(streams.TickByTick(request_id, listed, kind, link.floor.board, now))


def cancel_ticks(link: Connection, fields: Fields) -> None:
    """End tick-by-tick data."""
    link.end(fields.integer())


def realtime_bars(link: Connection, fields: Fields) -> None:
    """Begin five-second bars of a stock or index."""
    fields.skip()
    request_id, asked = fields.integer(), contracts.read(fields)
    fields.skip()
    what, floor = fields.text(), link.floor
    listed = link.find(request_id, asked)
    if listed is None:
        return
    if listed.option is not None or what not in {"TRADES", "MIDPOINT", "BID", "ASK"}:
        link.error(
            request_id, 420, "Invalid Real-time Query:No market data permissions for this query"
        )
        return
    now = floor.now()
    recent = [at for at in link.asked_bars if now - at < _WINDOW]
    if len(recent) >= floor.settings.historical_per_600s:
        text = "Invalid Real-time Query:Historical data request pacing violation"
        link.error(request_id, 420, text)
        return
    link.asked_bars = [*recent, now]
    due = now.replace(microsecond=0, second=now.second // 5 * 5)
    link.subscribe(streams.FiveSecondBars(request_id, listed, what, floor.bars, due))


def _subscribe(
    link: Connection, request_id: int, listed: Listed, generics: frozenset[str], board: Board
) -> None:
    link.end(request_id)
    link.send(_kind(link, request_id, board), say.parameters(request_id, 0.01))
    if listed.option is None:
        link.subscribe(_stream(link, request_id, listed, generics, board))
        return
    board.watch(listed.con_id)
    link.subscribe(
        _stream(link, request_id, listed, generics, board), lambda: board.unwatch(listed.con_id)
    )


def _snapshot(
    link: Connection, request_id: int, listed: Listed, generics: frozenset[str], board: Board
) -> None:
    now = link.floor.now()
    link.send(_kind(link, request_id, board), say.parameters(request_id, 0.01))
    board.turn(now)
    if listed.option is not None:
        board.watch(listed.con_id)
    link.send(*_stream(link, request_id, listed, generics, board).pulse(now))
    if listed.option is not None:
        board.unwatch(listed.con_id)
    link.send(say.snapshot_end(request_id))


# What a client is told of the data's kind: 1 live, 2 frozen, 3 delayed.
def _kind(link: Connection, request_id: int, board: Board) -> bytes:
    closed = not link.floor.market.is_open(link.floor.now())
    frozen = 2 if closed and link.data_type in _FROZEN else 1
    return say.data_type(request_id, 3 if board is link.floor.delayed_board else frozen)


def _stream(
    link: Connection, request_id: int, listed: Listed, generics: frozenset[str], board: Board
) -> Stream:
    delayed = board is link.floor.delayed_board
    since = link.floor.now() - (streams.DELAY if delayed else timedelta())
    make = _stock_stream if listed.option is None else _option_stream
    stream = make(link, request_id, listed, generics, board, since)
    return streams.Delayed(request_id, listed, stream, board) if delayed else stream


def _stock_stream(
    link: Connection,
    request_id: int,
    listed: Listed,
    generics: frozenset[str],
    board: Board,
    since: datetime,
) -> Stream:
    return streams.StockQuotes(
        request_id,
        listed,
        generics,
        board,
        lambda: _stock_extras(link, request_id, listed, generics),
        since,
    )


def _option_stream(
    link: Connection,
    request_id: int,
    listed: Listed,
    generics: frozenset[str],
    board: Board,
    _since: datetime,
) -> Stream:
    def extras() -> Iterator[bytes]:
        now, market = link.floor.now(), link.floor.market
        (panel,) = panels_of([listed.con_id])
        row = board.option(listed.con_id)
        call = listed.option is not None and listed.option.right.sign > 0
        if "101" in generics:
            interest = int(market.open_interest(panel, now)[0])
            yield say.size(request_id, say.CALL_INTEREST, interest if call else 0)
            yield say.size(request_id, say.PUT_INTEREST, 0 if call else interest)
        if "100" in generics:
            yield say.size(request_id, say.CALL_VOLUME, row.volume if call else 0)
            yield say.size(request_id, say.PUT_VOLUME, 0 if call else row.volume)
        if "106" in generics:
            yield say.generic(request_id, say.IMPLIED_VOL, row.iv)

    return streams.OptionStream(request_id, listed, generics, board, extras)


def _stock_extras(
    link: Connection, request_id: int, listed: Listed, generics: frozenset[str]
) -> Iterator[bytes]:
    now, market, symbol = link.floor.now(), link.floor.market, listed.symbol
    if "106" in generics and symbol.sec_type == "STK":
        vol = market.daily_vol(symbol.name, now) * 252**0.5
        yield say.generic(request_id, say.IMPLIED_VOL, round(vol, 6))
    if not symbol.has_options or not generics & {"100", "101"}:
        return
    panel = contracts.chain(symbol, market, now, link.floor.reach)
    calls = panel.sign > 0
    for tick, numbers in (
        ("101", market.open_interest(panel, now)),
        ("100", market.volume(panel, now)),
    ):
        if tick in generics:
            sides = (
                (say.CALL_INTEREST, say.PUT_INTEREST)
                if tick == "101"
                else (say.CALL_VOLUME, say.PUT_VOLUME)
            )
            yield say.size(request_id, sides[0], int(numbers[calls].sum()))
            yield say.size(request_id, sides[1], int(numbers[~calls].sum()))


def _is_denied(link: Connection, request_id: int, listed: Listed) -> bool:
    code = link.floor.faults.denial(listed.symbol.name, link.floor.now())
    if code is not None:
        link.error(request_id, code, say.NOT_SUBSCRIBED)
    return code is not None


# Where quotes are read: live, or delayed with a warning where live ones are not to be had.
def _board(link: Connection, request_id: int, listed: Listed) -> Board | None:
    code = link.floor.faults.denial(listed.symbol.name, link.floor.now())
    if code is None:
        return link.floor.board
    if code == _SHOWN_DELAYED or (code == UNSUBSCRIBED and link.data_type in _DELAYED):
        text = f"{say.NOT_SUBSCRIBED} Displaying delayed market data."
        link.error(request_id, _SHOWN_DELAYED, text)
        return link.floor.delayed_board
    link.error(request_id, code, say.NOT_SUBSCRIBED)
    return None


def _lines(link: Connection) -> int:
    kinds = (streams.StockQuotes, streams.OptionStream, streams.Delayed)
    return sum(isinstance(stream, kinds) for stream in link.streams.values())


DESK: dict[int, Handler] = {
    1: quotes,
    2: cancel,
    10: depth,
    11: cancel,
    50: realtime_bars,
    51: cancel,
    59: data_type,
    97: ticks,
    98: cancel_ticks,
}
