"""Prints of an underlying: one by one when the broker sends them so, else by total volume."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.market import Trade
from quanticity.gateway.ibkr.feed import IbkrFeed
from quanticity.gateway.ibkr.gateway import IbkrGateway
from quanticity.gateway.ibkr.line import Line
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ibkr.streams import Stream, Wanted

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
QUOTES, PRINTS = 7, 8
CON_ID = 756733


class Trades(list):
    """Hears only what was traded."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return self.append if name == "on_trade" else lambda *_: None


@pytest.fixture
def trades() -> Trades:
    return Trades()


@pytest.fixture
def feed(trades: Trades) -> IbkrFeed:
    own = section("gateway.ibkr", Settings)
    feed = IbkrGateway("127.0.0.1", 1, 101, "DU1", trades, own).feed
    feed._lines[CON_ID] = Line("SPY", CON_ID)
    feed._streams._by_request = {
        QUOTES: Wanted(Stream.QUOTES, CON_ID),
        PRINTS: Wanted(Stream.PRINTS, CON_ID),
    }
    return feed


def by_volume(feed: IbkrFeed, total: int) -> None:
    feed.on_text(QUOTES, 48, f"655.10;100;{int(AT.timestamp() * 1000)};{total};655;true")


def one_by_one(feed: IbkrFeed) -> None:
    feed.on_tick_by_tick(PRINTS, int(AT.timestamp()), 655.2, 50, "ARCA", "")


def sizes(trades: Trades) -> list[float]:
    return [trade.size for trade in trades if isinstance(trade, Trade)]


@pytest.fixture(autouse=True)
def at_ten() -> Iterator[None]:
    with clock.using(clock.ReplayedClock(AT)):
        yield


def test_where_single_prints_are_asked_for_and_never_come_volume_tells_them(
    feed: IbkrFeed, trades: Trades
) -> None:
    by_volume(feed, 1000)
    by_volume(feed, 1100)

    assert sizes(trades) == [100.0, 100.0]


def test_where_single_prints_come_volume_tells_none(feed: IbkrFeed, trades: Trades) -> None:
    one_by_one(feed)
    by_volume(feed, 1100)

    assert sizes(trades) == [50.0]


def test_after_a_refusal_of_single_prints_volume_tells_them(feed: IbkrFeed, trades: Trades) -> None:
    one_by_one(feed)
    feed.on_stream_error(PRINTS, 10190, "no line is free")
    by_volume(feed, 1100)

    assert sizes(trades) == [50.0, 100.0]
