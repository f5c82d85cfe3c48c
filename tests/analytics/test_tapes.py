"""Each print is signed once, in the order it came, per instrument."""

import time
from datetime import timedelta

import pytest

from analytics import tapes
from analytics.calculators import trade_signing
from quanticity.config.loader import section
from quanticity.domain.market import Trade
from quanticity.store import keys, market
from quanticity.store.client import client
from quanticity.store.tails import START
from tests.factories import NOON

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]
SETTINGS = section("analytics.trade_signing", trade_signing.Settings)


def prints(first: int, *prices: float, instrument: str = "SPY") -> list[Trade]:
    return [
        Trade(instrument, price, 100.0, NOON + timedelta(seconds=first + n))
        for n, price in enumerate(prices)
    ]


def tape() -> tapes.Tape:
    return tapes.Tape(market.trades_tail("SPY"), option=False)


def test_signing_in_pieces_is_signing_at_once() -> None:
    ours = tape()
    for chunk in (prints(0, 600.0, 600.01), prints(2, 600.01), prints(3, 600.0, 600.0)):
        market.add_trades("SPY", chunk)
        ours.all()

    assert ours.all() == list(trade_signing.sign(market.trades("SPY"), SETTINGS))


def test_contracts_do_not_lend_each_other_prices() -> None:
    market.add_option_trades("SPY", prints(0, 5.0, instrument="A") + prints(1, 9.0, instrument="B"))

    found = tapes.of_options("SPY").all()

    assert [each.signing.method for each in found] == ["none", "none"]


def test_only_recent_prints_are_recent() -> None:
    market.add_trades("SPY", prints(0, 1.0, 2.0, 3.0))

    found = tape().recent(NOON + timedelta(seconds=10), 8.5)

    assert [each.trade.price for each in found] == [3.0]


def _wait_for_the_next_millisecond() -> None:
    began = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == began:
        pass


def test_a_place_gives_what_is_new_until_the_stream_begins_anew() -> None:
    ours = tape()
    market.add_trades("SPY", prints(0, 1.0, 2.0))
    _, place = ours.since(START)
    market.add_trades("SPY", prints(2, 3.0))
    fresh, place = ours.since(place)
    client().delete(keys.prints("SPY").name)
    _wait_for_the_next_millisecond()  # of which the stream's places are made
    market.add_trades("SPY", prints(3, 4.0))

    assert [each.trade.price for each in fresh] == [3.0]
    assert [each.trade.price for each in ours.since(place)[0]] == [4.0]
