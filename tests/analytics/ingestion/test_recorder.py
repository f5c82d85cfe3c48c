"""The recorder: what the gateway says is in the store, bars closed by the clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.ingestion.recorder import Recorder
from quanticity.domain.market import Bar, Book, Level, Trade
from quanticity.domain.options import Chain
from quanticity.store import market, readings
from tests import factories
from tests.factories import NOON, OCC

pytestmark = pytest.mark.usefixtures("noon", "store")
COLUMNS = (
    "occ", "right", "strike", "expiry_idx", "bid", "ask", "last", "bid_size", "ask_size", "volume",
    "open_interest", "quote_epoch_ms",
)  # fmt: skip


@pytest.fixture
def recorder() -> Recorder:
    """A recorder that has seen nothing."""
    return Recorder("sim")


def five_seconds(n: int, price: float = 600.0) -> Bar:
    """The n-th 5 s bar of the minute that begins at noon."""
    return Bar(
        "SPY", NOON + timedelta(seconds=5 * n), price, price + 1, price - 1, price, 10.0, price
    )


def book(at: datetime, bid_size: float) -> Book:
    bids = tuple(Level(599.99 - n / 100, bid_size, "ARCA") for n in range(5))
    asks = tuple(Level(600.01 + n / 100, 100.0, "ARCA") for n in range(5))
    return Book("SPY", bids, asks, at)


def minutes() -> list[Bar]:
    return market.bars("SPY", "1min")


def test_only_the_latest_quote_is_kept(recorder: Recorder) -> None:
    recorder.take_quote(factories.quote("SPY", 599.0, 599.02))
    recorder.take_quote(factories.quote("SPY", 600.0, 600.02))

    recorder.flush()

    assert market.quote("SPY") == factories.quote("SPY", 600.0, 600.02)


def test_every_print_is_kept_in_order(recorder: Recorder) -> None:
    prints = [Trade("SPY", 600.0 + n, 100.0, NOON + timedelta(milliseconds=n)) for n in range(5)]
    for one in prints:
        recorder.take_trade(one)

    recorder.flush()

    assert market.trades("SPY") == prints


@pytest.mark.parametrize(
    ("instrument", "underlying"), [(OCC, "SPY"), ("SPXW251121P06000000", "SPX")]
)
def test_an_options_print_is_its_underlyings_before_any_chain_came(
    recorder: Recorder, instrument: str, underlying: str
) -> None:
    recorder.take_trade(Trade(instrument, 1.5, 3.0, NOON))
    recorder.flush()

    assert [one.size for one in market.option_trades_tail(underlying).values()] == [3.0]


def test_what_was_flushed_is_not_flushed_again(recorder: Recorder) -> None:
    recorder.take_trade(Trade("SPY", 600.0, 100.0, NOON))
    recorder.flush()
    recorder.flush()

    assert len(market.trades("SPY")) == 1


def test_a_chain_comes_back_column_by_column_as_views(recorder: Recorder) -> None:
    given = factories.chain()
    recorder.take_chain(given)

    assert recorder.flush() == ("SPY",)

    found = market.chain("SPY")
    assert isinstance(found, Chain)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name))
    assert not found.bid.flags.owndata
    assert (found.spot, found.as_of, found.expiries) == (given.spot, given.as_of, given.expiries)


def test_a_minute_is_closed_by_the_clock_and_its_grace(recorder: Recorder, noon: Any) -> None:
    for n in range(12):
        recorder.take_bar(five_seconds(n, 600.0 + n))
    seen = []
    for seconds in (60, 1.9, 0.1):
        noon.advance(seconds)
        recorder.flush()
        seen.append(len(minutes()))

    assert seen == [0, 0, 1]
    (minute,) = minutes()
    assert (minute.open, minute.close, minute.high, minute.low) == (600.0, 611.0, 612.0, 599.0)
    assert (minute.open_at, minute.volume, minute.n5) == (NOON, 120.0, 12)


def test_a_quiet_market_still_closes_its_minute(recorder: Recorder, noon: Any) -> None:
    recorder.take_bar(five_seconds(0))
    recorder.flush()
    noon.advance(62)
    recorder.flush()

    assert [bar.n5 for bar in minutes()] == [1]


def test_five_minutes_become_one_bar(recorder: Recorder, noon: Any) -> None:
    for n in range(60):
        recorder.take_bar(five_seconds(n))
        noon.advance(5)
        recorder.flush()
    noon.advance(2)
    recorder.flush()

    assert [(bar.open_at, bar.volume) for bar in market.bars("SPY", "5min")] == [(NOON, 600.0)]
    assert len(minutes()) == 5


def history(count: int) -> list[Bar]:
    """Minutes that end at noon."""
    return [
        Bar("SPY", NOON - timedelta(minutes=count - n), 1.0, 2.0, 0.5, 1.5, 10.0, 1.2, 12)
        for n in range(count)
    ]


def test_history_begins_the_streams(recorder: Recorder, noon: Any) -> None:
    noon.advance(2)

    recorder.seed("SPY", history(10))

    assert (len(minutes()), len(market.bars("SPY", "5min"))) == (10, 2)


def test_seeding_again_doubles_nothing(recorder: Recorder, noon: Any) -> None:
    noon.advance(2)
    recorder.seed("SPY", history(10))
    recorder.seed("SPY", history(10))

    assert len(minutes()) == 10


def test_imbalance_is_read_once_a_second(recorder: Recorder, noon: Any) -> None:
    seen = []
    for bid_size in (100.0, 900.0, 300.0):
        recorder.take_book(book(noon.at, bid_size))
        recorder.flush()
        seen.append(readings.read("SPY", ["obi"])["obi"]["data"]["obi_l5"])
        noon.advance(0.6)

    assert seen[0] == pytest.approx(0.0)
    assert seen[1] == seen[0]
    assert seen[2] > 0


def test_a_reading_of_the_book_is_as_old_as_the_book(recorder: Recorder, noon: Any) -> None:
    recorder.take_book(book(NOON, 100.0))
    recorder.flush()
    noon.advance(3)
    recorder.flush()

    as_of = readings.read("SPY", ["obi"])["obi"]["as_of"]
    assert datetime.fromisoformat(as_of) == NOON


@pytest.mark.parametrize(
    "take",
    [
        pytest.param(lambda r, q: r.take_quote(q("SPY")), id="underlying"),
        pytest.param(lambda r, q: r.take_contract_quote(q(OCC)), id="contract"),
    ],
)
def test_quotes_of_both_kinds_are_found_under_their_names(
    recorder: Recorder, take: Callable[[Recorder, Any], None]
) -> None:
    take(recorder, factories.quote)
    recorder.flush()

    found = [market.quote("SPY"), market.contract_quote(OCC)]
    assert sum(one is not None for one in found) == 1
