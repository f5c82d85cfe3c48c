"""What the recorder refuses, and that the refusals can be seen (DOMAIN 1.4, 1.5)."""

from datetime import timedelta
from typing import Any

import pytest

from analytics.ingestion.recorder import Recorder
from quanticity.domain.market import Bar, Quote, Trade
from quanticity.store import market
from tests import factories
from tests.factories import NOON, OCC, TODAY

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]


def five(second: int) -> Bar:
    return Bar("SPY", NOON + timedelta(seconds=second), 600.0, 601.0, 599.0, 600.0, 10.0, 600.0)


def after(noon: Any, recorder: Recorder, second: float, *bars: Bar) -> None:
    noon.at = NOON + timedelta(seconds=second)
    for bar in bars:
        recorder.take_bar(bar)
    recorder.flush()


def test_a_bar_of_a_closed_minute_makes_no_second_bar(noon) -> None:
    recorder = Recorder("test")
    after(noon, recorder, 62, *(five(5 * n) for n in range(11)))
    after(noon, recorder, 70, five(55), five(60))
    after(noon, recorder, 123)

    assert [bar.open_at.minute for bar in market.bars("SPY", "1min")] == [0, 1]
    assert recorder.refused == {"B_LATE": 1}


def test_the_minute_that_runs_while_history_comes_is_ours(noon) -> None:
    recorder = Recorder("test")
    noon.at = NOON + timedelta(seconds=90)
    recorder.seed("SPY", [five(-60), five(0), five(60)])
    after(noon, recorder, 123, five(60), five(115))

    assert [bar.open_at.minute for bar in market.bars("SPY", "1min")] == [59, 0, 1]
    assert not recorder.refused


def test_refusals_are_counted_in_the_store_by_reason(noon) -> None:
    recorder = Recorder("test")
    recorder.take_trade(Trade("SPY", -1.0, 100.0, NOON))
    recorder.take_quote(Quote("SPY", 601.0, 600.0, 1.0, 1.0, None, NOON, NOON))
    recorder.flush()
    recorder.take_trade(Trade("SPY", float("nan"), 100.0, NOON))
    recorder.flush()

    assert market.refused(TODAY) == {"T_SENTINEL": 2, "Q_CROSSED": 1}
    assert market.quote("SPY") is None


def test_prints_of_options_are_kept_under_their_underlying(noon) -> None:
    recorder = Recorder("test")
    recorder.take_chain(factories.chain())
    recorder.take_trade(Trade(OCC, 2.0, 5.0, NOON))
    recorder.flush()

    assert [trade.instrument for trade in market.option_trades_tail("SPY").values()] == [OCC]


def test_a_symbol_without_depth_has_a_book_of_one_level(noon) -> None:
    recorder = Recorder("test")
    recorder.take_quote(factories.quote("AAPL", 200.0, 200.01))
    recorder.flush()

    book = market.book("AAPL")
    assert (book.synthetic, len(book.bids), len(book.asks)) == (True, 1, 1)
