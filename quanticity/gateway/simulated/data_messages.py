"""Market data messages: ticks, option computations, depth, bars, tick-by-tick (pure)."""

from datetime import datetime

from quanticity.gateway.simulated.bars import Bar
from quanticity.gateway.simulated.market import Row
from quanticity.gateway.simulated.prints import Print
from quanticity.gateway.simulated.wire import frame

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, HIGH, LOW, VOLUME, CLOSE = range(10)
BID_MODEL, ASK_MODEL, LAST_MODEL, MODEL, OPEN = range(10, 15)
IMPLIED_VOL, CALL_INTEREST, PUT_INTEREST, CALL_VOLUME, PUT_VOLUME = 24, 27, 28, 29, 30
BID_VENUE, ASK_VENUE, AUCTION_VOLUME, AUCTION_PRICE, AUCTION_IMBALANCE, MARK = (
    32,
    33,
    34,
    35,
    36,
    37,
)
LAST_TIME, RT_VOLUME, HALTED, REGULATORY_IMBALANCE, LAST_VENUE = 45, 48, 49, 61, 84
ABSENT = -1.0
_INSERT, _UPDATE, _DELETE = 0, 1, 2
_LAST, _ALL_LAST, _BID_ASK, _MID = 1, 2, 3, 4
PRINT_KINDS = frozenset({"Last", "AllLast"})
NOT_SUBSCRIBED = "Requested market data is not subscribed."
# Live ticks and what delayed data calls them; other ticks are not delayed but absent.
_DELAYED = {
    BID: 66, ASK: 67, LAST: 68, BID_SIZE: 69, ASK_SIZE: 70, LAST_SIZE: 71, HIGH: 72, LOW: 73,
    VOLUME: 74, CLOSE: 75, OPEN: 76, BID_MODEL: 80, ASK_MODEL: 81, LAST_MODEL: 82, MODEL: 83,
    LAST_TIME: 88, HALTED: 90,
}  # fmt: skip
_PLACES = {b"1": 3, b"2": 3, b"21": 2, b"45": 3, b"46": 3}  # where a message has its tick
KINDS = {"Last": _LAST, "AllLast": _ALL_LAST, "BidAsk": _BID_ASK, "MidPoint": _MID}


def price(request_id: int, tick: int, value: float | None, size: int) -> bytes:
    """A tickPrice message; an absent side is -1."""
    return frame(1, 6, request_id, tick, ABSENT if value is None else value, size, 1)


def size(request_id: int, tick: int, value: int) -> bytes:
    """A tickSize message."""
    return frame(2, 6, request_id, tick, value)


def generic(request_id: int, tick: int, value: float) -> bytes:
    """A tickGeneric message."""
    return frame(45, 6, request_id, tick, value)


def text(request_id: int, tick: int, value: str) -> bytes:
    """A tickString message."""
    return frame(46, 6, request_id, tick, value)


def rt_volume(request_id: int, trade: Print, vwap: float) -> bytes:
    """An RTVolume tick: price;size;time;total volume;VWAP;single market maker."""
    at = int(trade.at.timestamp() * 1000)
    value = f"{trade.price};{trade.size};{at};{trade.total_volume};{vwap:.6f};true"
    return text(request_id, RT_VOLUME, value)


def computation(request_id: int, tick: int, numbers: tuple[float, ...]) -> bytes:
    """An option computation: iv, delta, price, dividend, gamma, vega, theta, underlying."""
    return frame(21, request_id, tick, 0, *numbers)


def parameters(request_id: int, min_tick: float) -> bytes:
    """Tick request parameters: minimum tick, best-quote exchange map, snapshot permission."""
    return frame(81, request_id, min_tick, "9c0001", 3)


def data_type(request_id: int, kind: int) -> bytes:
    """Market data type: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""
    return frame(58, 1, request_id, kind)


def snapshot_end(request_id: int) -> bytes:
    """End of a snapshot."""
    return frame(57, 1, request_id)


def wrong_tick(request_id: int, kind: str, value: str) -> list[bytes]:
    """A value that is none: a price, or of the kind `size` or `greek`."""
    if kind == "size":
        return [frame(2, 6, request_id, tick, value) for tick in (BID_SIZE, ASK_SIZE)]
    if kind == "greek":
        return [frame(21, request_id, MODEL, 0, value, value, value, 0, *(value,) * 4)]
    return [frame(1, 6, request_id, tick, value, 100, 1) for tick in (BID, LAST)]


def delayed(message: bytes) -> bytes | None:
    """A market data message under its delayed name; None when it has none."""
    fields = message[4:].split(b"\0")[:-1]
    place = _PLACES.get(fields[0])
    tick = None if place is None else _DELAYED.get(int(fields[place]))
    if place is None or tick is None:
        return None
    fields[place] = b"%d" % tick
    body = b"".join(field + b"\0" for field in fields)
    return len(body).to_bytes(4, "big") + body


def depth_row(request_id: int, place: int, side: int, row: Row, *, new: bool) -> bytes:
    """Insert or replace one depth row; side 1 is bid."""
    operation = _INSERT if new else _UPDATE
    return frame(13, 1, request_id, place, row.venue, operation, side, row.price, row.size, 1)


def realtime_bar(request_id: int, bar: Bar) -> bytes:
    """A five-second bar; its time is its start."""
    return frame(
        50, 3, request_id, int(bar.at.timestamp()), bar.open, bar.high, bar.low, bar.close,
        bar.volume, bar.wap, bar.count,
    )  # fmt: skip


def tick_last(request_id: int, kind: int, trade: Print) -> bytes:
    """One print of a tick-by-tick subscription."""
    at = int(trade.at.timestamp())
    said = (trade.price, trade.size, 0, trade.venue, trade.conditions)
    return frame(99, request_id, kind, at, *said)


def tick_bid_ask(request_id: int, at: datetime, bid: Row, ask: Row) -> bytes:
    """One change of the best bid and ask of a tick-by-tick subscription."""
    stamp = int(at.timestamp())
    return frame(99, request_id, _BID_ASK, stamp, bid.price, ask.price, bid.size, ask.size, 0)


def tick_mid(request_id: int, at: datetime, mid: float) -> bytes:
    """One change of the mid of a tick-by-tick subscription."""
    return frame(99, request_id, _MID, int(at.timestamp()), mid)
