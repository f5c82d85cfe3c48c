"""What is seen: frozen at night, prints that add up, books that lean, chains shaped like chains."""

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from simulated_world import MORNING, SPY, TODAY, option

from quanticity.domain import calendar
from quanticity.domain.instruments import Right
from quanticity.gateway.simulated.market import Market, Row
from quanticity.gateway.simulated.panels import Panel

SESSION = calendar.session(TODAY)


@pytest.mark.parametrize("hours", [1, 10, 40])
def test_after_the_close_quotes_stand_still(market: Market, hours: int) -> None:
    at_close = market.top("SPY", SESSION.close_at)

    assert market.top("SPY", SESSION.close_at + timedelta(hours=hours)) == at_close
    assert market.prints("SPY", SESSION.close_at, SESSION.close_at + timedelta(hours=hours)) == []


def test_prints_of_a_minute_add_up_to_its_volume(market: Market) -> None:
    until = MORNING.replace(second=0)
    tape = market.tapes.at("SPY", until)
    part = slice(tape.second(until - timedelta(minutes=1)), tape.second(until))

    trades = market.prints("SPY", until - timedelta(minutes=1), until)

    assert sum(trade.size for trade in trades) == (tape.bought[part] + tape.sold[part]).sum()


def test_total_volume_rises_with_each_print(market: Market) -> None:
    trades = market.prints("SPY", MORNING, MORNING + timedelta(seconds=90))

    totals = [trade.total_volume for trade in trades]
    assert all(
        b - a == trade.size for a, b, trade in zip(totals, totals[1:], trades[1:], strict=False)
    )


def test_prints_come_in_order_of_time(market: Market) -> None:
    times = [trade.at for trade in market.prints("QQQ", MORNING, MORNING + timedelta(minutes=3))]

    assert times == sorted(times)


def test_prints_are_the_same_however_they_are_asked_for(market: Market) -> None:
    steps = [MORNING + timedelta(milliseconds=250 * n) for n in range(41)]

    pieces = [t for a, b in pairwise(steps) for t in market.prints("SPY", a, b)]

    assert pieces == market.prints("SPY", steps[0], steps[-1])


def test_a_sweep_prints_at_rising_prices_within_a_second(market: Market) -> None:
    tape = market.tapes.at("SPY", MORNING)
    second = int(np.flatnonzero(tape.sweep >= 3)[0])
    at = SESSION.open_at + timedelta(seconds=second)

    bought = [t for t in market.prints("SPY", at, at + timedelta(seconds=1)) if t.side > 0]

    assert len({t.price for t in bought}) >= 3
    assert [t.price for t in bought] == sorted(t.price for t in bought)
    assert sum(t.size for t in bought) > 1_000


def obi_l5(market: Market, at: datetime) -> float:
    bids, asks = market.book("SPY", at)
    weights = (1, 0.8, 0.6, 0.4, 0.2)
    b, a = (
        sum(w * row.size for w, row in zip(weights, rows, strict=False)) for rows in (bids, asks)
    )
    return (b - a) / (b + a)


def test_the_book_reaches_the_extremes_a_strategy_waits_for(market: Market) -> None:
    tape = market.tapes.at("SPY", MORNING)
    inside = np.flatnonzero(np.convolve(tape.flow, np.ones(60), "valid") == 60)[::30] + 60

    found = [obi_l5(market, SESSION.open_at + timedelta(seconds=int(second))) for second in inside]

    assert np.mean(np.array(found) >= 0.6) > 0.8


def test_a_book_has_ten_rows_a_side_each_of_one_venue_at_one_price(market: Market) -> None:
    bids, asks = market.book("SPY", MORNING)

    assert [row.price for row in bids] == sorted((row.price for row in bids), reverse=True)
    assert [row.price for row in asks] == sorted(row.price for row in asks)
    assert all(len({(row.price, row.venue) for row in rows}) == 10 for rows in (bids, asks))
    assert bids[0].price < asks[0].price


def test_two_venues_may_stand_at_one_price(market: Market) -> None:
    bids, _ = market.book("SPY", MORNING)

    assert len({row.venue for row in bids if row.price == bids[0].price}) == 2


def test_the_best_rows_are_the_best_quote(market: Market) -> None:
    top, (bids, asks) = market.top("SPY", MORNING), market.book("SPY", MORNING)

    assert (top.bid, top.bid_size) == (bids[0].price, size_at(bids, bids[0].price))
    assert (top.ask, top.ask_size) == (asks[0].price, size_at(asks, asks[0].price))


def size_at(rows: list[Row], price: float) -> int:
    return sum(row.size for row in rows if row.price == price)


@pytest.fixture
def chain(market: Market) -> Panel:
    return Panel.of(SPY, [option(k, right) for k in range(640, 721) for right in Right])


def test_open_interest_is_heavy_near_the_money_and_at_round_strikes(
    market: Market, chain: Panel
) -> None:
    interest = market.open_interest(chain, MORNING).astype(float)
    near, far = np.abs(chain.strike - 681) <= 5, np.abs(chain.strike - 681) >= 30
    tens = chain.strike % 10 == 0

    assert interest[near].mean() > 5 * interest[far].mean()
    assert interest[near].min() > 1_000
    assert interest[near & tens].mean() > 1.5 * interest[near & ~tens].mean()


def test_open_interest_stands_all_day(market: Market, chain: Panel) -> None:
    late = market.open_interest(chain, SESSION.close_at - timedelta(minutes=1))

    assert np.array_equal(market.open_interest(chain, MORNING), late)


def test_option_volume_only_rises(market: Market, chain: Panel) -> None:
    hours = [market.volume(chain, SESSION.open_at + timedelta(hours=n)) for n in range(8)]

    assert all(np.all(b >= a) for a, b in pairwise(hours))
    assert hours[-1].sum() > 100_000


def test_a_falling_market_raises_the_volatility_index(market: Market) -> None:
    times = [SESSION.open_at + timedelta(minutes=n) for n in range(1, 390, 10)]
    spx = np.array([market.spot("SPX", at) for at in times])
    vix = np.array([market.spot("VIX", at) for at in times])

    assert np.corrcoef(np.diff(spx), np.diff(vix))[0, 1] < -0.9
    assert 8 < vix.mean() < 40
