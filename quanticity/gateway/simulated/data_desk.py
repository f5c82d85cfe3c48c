"""Requests for market data: quotes, depth, ticks, five-second bars."""

from collections.abc import Iterator

from quanticity.gateway.simulated import contracts, streams
from quanticity.gateway.simulated import data_messages as say
from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.contracts import Listed
from quanticity.gateway.simulated.panels import panels_of
from quanticity.gateway.simulated.streams import Stream
from quanticity.gateway.simulated.wire import Fields

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
    elif _is_denied(link, request_id, listed):
        return
    elif snapshot:
        _snapshot(link, request_id, listed, generics)
    elif _lines(link) >= link.floor.settings.data_lines and request_id not in link.streams:
        link.error(request_id, 101, "Max number of tickers has been reached")
    else:
        link.send(say.data_type(request_id, 1), say.parameters(request_id, 0.01))
        _subscribe(link, request_id, listed, generics)


def cancel(link: Connection, fields: Fields) -> None:
    """End level 1, depth or bars of a contract."""
    fields.skip()
    request_id = fields.integer()
    if not link.end(request_id):
        link.error(request_id, 300, f"Can't find EId with tickerId:{request_id}")


def data_type(_link: Connection, _fields: Fields) -> None:
    """Accept the wish for live, frozen or delayed data: it is always live here."""


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
    due = now.replace(microsecond=0, second=now.second // 5 * 5)
    link.subscribe(streams.FiveSecondBars(request_id, listed, what, floor.bars, due))


def _subscribe(link: Connection, request_id: int, listed: Listed, generics: frozenset[str]) -> None:
    board = link.floor.board
    if listed.option is None:
        link.subscribe(_stock_stream(link, request_id, listed, generics))
        return
    link.end(request_id)
    board.watch(listed.con_id)
    link.subscribe(
        _option_stream(link, request_id, listed, generics), lambda: board.unwatch(listed.con_id)
    )


def _snapshot(link: Connection, request_id: int, listed: Listed, generics: frozenset[str]) -> None:
    board, now = link.floor.board, link.floor.now()
    link.send(say.data_type(request_id, 1), say.parameters(request_id, 0.01))
    board.turn(now)
    stream: Stream
    if listed.option is None:
        stream = _stock_stream(link, request_id, listed, generics)
        link.send(*stream.pulse(now))
    else:
        board.watch(listed.con_id)
        stream = _option_stream(link, request_id, listed, generics)
        link.send(*stream.pulse(now))
        board.unwatch(listed.con_id)
    link.send(say.snapshot_end(request_id))


def _stock_stream(
    link: Connection, request_id: int, listed: Listed, generics: frozenset[str]
) -> streams.StockQuotes:
    return streams.StockQuotes(
        request_id,
        listed,
        generics,
        link.floor.board,
        lambda: _stock_extras(link, request_id, listed, generics),
        link.floor.now(),
    )


def _option_stream(
    link: Connection, request_id: int, listed: Listed, generics: frozenset[str]
) -> streams.OptionStream:
    def extras() -> Iterator[bytes]:
        now, market = link.floor.now(), link.floor.market
        (panel,) = panels_of([listed.con_id])
        row = link.floor.board.option(listed.con_id)
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

    return streams.OptionStream(request_id, listed, generics, link.floor.board, extras)


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
    code = link.floor.faults.denial(listed.symbol.name)
    if code is not None:
        link.error(request_id, code, "Requested market data is not subscribed.")
    return code is not None


def _lines(link: Connection) -> int:
    kinds = (streams.StockQuotes, streams.OptionStream)
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
