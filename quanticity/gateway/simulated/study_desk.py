"""Requests that compute: option price and volatility, historical ticks, histogram of prices."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.clock import NEW_YORK
from quanticity.gateway.simulated import contracts, listing, surface
from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.contracts import Listed
from quanticity.gateway.simulated.indexes import parent
from quanticity.gateway.simulated.wire import Field, Fields, frame

_CUSTOM = 53
_LOW_IV, _HIGH_IV = 0.001, 20.0
_HALVINGS = 60
_MOST_TICKS = 1000
_MOST = 1_000_000


def implied_volatility(link: Connection, fields: Fields) -> None:
    """Find the volatility at which an option is worth a price."""
    request_id, listed, price, spot = _option_request(link, fields)
    if listed is None:
        return
    low, high = _LOW_IV, _HIGH_IV
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _value(link, listed, middle, spot)[1] < price else (low, middle)
        )
    _tell(link, request_id, _value(link, listed, (low + high) / 2, spot), spot)


def option_price(link: Connection, fields: Fields) -> None:
    """Price an option at a volatility."""
    request_id, listed, vol, spot = _option_request(link, fields)
    if listed is not None:
        _tell(link, request_id, _value(link, listed, vol, spot), spot)


def historical_ticks(link: Connection, fields: Fields) -> None:
    """Send up to a thousand past prints, or best bids and asks, of a stock."""
    request_id, asked = fields.integer(), contracts.read(fields)
    fields.skip()
    start, end, count, what = (
        _time(fields.text()),
        _time(fields.text()),
        fields.integer(),
        fields.text(),
    )
    listed = link.find(request_id, asked)
    if listed is None:
        return
    now, count = link.floor.now(), min(max(count, 1), _MOST_TICKS)
    if listed.option is not None or (start is None) == (end is None) or what not in _TICKS:
        text = "Historical Market Data Service error message:No such historical ticks."
        link.error(request_id, 162, text)
        return
    after = start or min(end or now, now) - timedelta(seconds=count)
    rows = _TICKS[what](link, listed, after, min(end or after + timedelta(seconds=count), now))
    rows = rows[:count] if start else rows[-count:]
    flat = [field for row in rows for field in row]
    link.send(frame(_MESSAGES[what], request_id, len(rows), *flat, 1))


def histogram(link: Connection, fields: Fields) -> None:
    """Send how many shares of the last session traded at each price."""
    request_id, asked = fields.integer(), contracts.read(fields)
    listed = link.find(request_id, asked)
    if listed is None:
        return
    now, seen = link.floor.now(), Counter[float]()
    session = calendar.session(calendar.session_date(now))
    for bar in link.floor.bars.of_session(listed.symbol.name, session, 60, now):
        seen[round(bar.wap, 2)] += bar.volume
    rows = [field for price in sorted(seen) for field in (price, seen[price])]
    link.send(frame(89, request_id, len(seen), *rows))


def nothing(_link: Connection, _fields: Fields) -> None:
    """Accept the cancellation of what has already been answered."""


def _option_request(link: Connection, fields: Fields) -> tuple[int, Listed | None, float, float]:
    fields.skip()
    request_id, asked = fields.integer(), contracts.read(fields)
    number, spot = fields.amount(), fields.amount()
    listed = link.find(request_id, asked)
    sane = all(value is not None and 0 < value < _MOST for value in (number, spot))
    if listed is not None and (listed.option is None or not sane):
        link.error(
            request_id, 321, "Error validating request:-'bY' : cause - No option, or no price"
        )
        listed = None
    return request_id, listed, float(number or 0), float(spot or 0)


# Volatility, price, delta, gamma, vega, theta of one option on a flat smile.
def _value(
    link: Connection, listed: Listed, iv: float, spot: float
) -> tuple[float, float, float, float, float, float]:
    option, market = listed.option, link.floor.market
    assert option is not None
    settles = calendar.settlement_at(option.expiry, listing.settlement(listed.symbol))
    years = (
        max(calendar.seconds_to(link.floor.exchange.at, settles), 1.0) / calendar.SECONDS_PER_YEAR
    )
    series = surface.Series(
        np.array([float(option.strike)]), np.array([float(option.right.sign)]),
        np.array([years]), np.array([iv * iv * years]),
    )  # fmt: skip
    found = surface.value(
        spot,
        series,
        market.tapes.stock(parent(listed.symbol.name)).dividend_yield,
        surface.flat(market.surface.settings),
        european=listed.symbol.european,
    )
    columns = (found.price, found.delta, found.gamma, found.vega, found.theta)
    price, delta, gamma, vega, theta = (float(column[0]) for column in columns)
    return iv, price, delta, gamma, vega, theta


def _tell(
    link: Connection,
    request_id: int,
    found: tuple[float, float, float, float, float, float],
    spot: float,
) -> None:
    iv, price, delta, gamma, vega, theta = (round(number, 6) for number in found)
    link.send(frame(21, request_id, _CUSTOM, 0, iv, delta, price, 0.0, gamma, vega, theta, spot))


def _trades(
    link: Connection, listed: Listed, after: datetime, until: datetime
) -> list[tuple[Field, ...]]:
    return [
        (int(trade.at.timestamp()), 0, trade.price, trade.size, trade.venue, "")
        for trade in link.floor.market.prints(listed.symbol.name, after, until)
    ]


def _bids_and_asks(
    link: Connection, listed: Listed, after: datetime, until: datetime
) -> list[tuple[Field, ...]]:
    seconds = min(max(int((until - after).total_seconds()), 0), _MOST_TICKS)
    rows: list[tuple[Field, ...]] = []
    for n in range(seconds):
        at = after + timedelta(seconds=n)
        top = link.floor.market.top(listed.symbol.name, at)
        rows.append((int(at.timestamp()), 0, top.bid, top.ask, top.bid_size, top.ask_size))
    return rows


_TICKS = {"TRADES": _trades, "BID_ASK": _bids_and_asks}
_MESSAGES = {"TRADES": 98, "BID_ASK": 97}


def _time(text: str) -> datetime | None:
    for form, zone in (("%Y%m%d-%H:%M:%S", UTC), ("%Y%m%d %H:%M:%S", NEW_YORK)):
        try:
            return datetime.strptime(text[:17], form).replace(tzinfo=zone)
        except ValueError:
            continue
    return None


DESK: dict[int, Handler] = {
    54: implied_volatility,
    55: option_price,
    56: nothing,
    57: nothing,
    88: histogram,
    89: nothing,
    90: nothing,
    96: historical_ticks,
}
