"""Seeded tapes: the same for everybody, continuous, with one-sided stretches."""

import dataclasses
from datetime import timedelta

import numpy as np
import pytest
from simulated_world import MORNING, TODAY

from quanticity.domain import calendar
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.prices import Tapes

SESSION = calendar.session(TODAY)


def test_the_same_seed_makes_the_same_tape(market: Market) -> None:
    again = Tapes(market.tapes.settings).of("QQQ", SESSION)

    assert np.array_equal(again.bid, market.tapes.of("QQQ", SESSION).bid)
    assert np.array_equal(again.bought, market.tapes.of("QQQ", SESSION).bought)


def test_another_seed_makes_another_tape(market: Market) -> None:
    other = Tapes(dataclasses.replace(market.tapes.settings, seed=8)).of("SPY", SESSION)

    assert not np.array_equal(other.bid, market.tapes.of("SPY", SESSION).bid)


@pytest.mark.parametrize("symbol", ["SPY", "TSLA", "VXX"])
def test_a_session_ends_where_the_next_day_says_it_closed(market: Market, symbol: str) -> None:
    tape = market.tapes.of(symbol, SESSION)
    following = market.tapes.of(symbol, calendar.next_session(TODAY))

    assert following.previous_close == pytest.approx(tape.mid(len(tape.bid) - 1), abs=0.03)


def test_a_half_day_is_half_as_long(market: Market) -> None:
    tape = market.tapes.of("SPY", calendar.session(TODAY + timedelta(days=7)))

    assert len(tape.bid) == 12_600


def test_before_the_open_the_tape_is_yesterdays(market: Market) -> None:
    early = SESSION.open_at - timedelta(minutes=1)

    assert market.tapes.at("SPY", early).session.date == calendar.previous_session(TODAY).date


def test_volume_is_that_of_a_day(market: Market) -> None:
    tape = market.tapes.of("SPY", SESSION)

    assert 0.5 < (tape.bought + tape.sold).sum() / 72e6 < 2


def test_spreads_are_a_tick_or_two(market: Market) -> None:
    tape = market.tapes.of("SPY", SESSION)

    assert set(np.round((tape.ask - tape.bid) * 100).astype(int)) == {1, 2}


def test_in_one_sided_stretches_book_and_flow_agree(market: Market) -> None:
    tape = market.tapes.of("SPY", SESSION)
    buying, selling = tape.flow > 0, tape.flow < 0

    assert np.mean(tape.lean[buying] >= 0.6) > 0.8
    assert np.mean(tape.lean[selling] <= -0.6) > 0.8
    assert tape.bought[buying].sum() > 5 * tape.sold[buying].sum()


def test_calm_and_one_sided_stretches_alternate(market: Market) -> None:
    tape = market.tapes.of("SPY", SESSION)

    assert 0.15 < np.mean(tape.flow != 0) < 0.75
    assert np.count_nonzero(np.diff(tape.flow)) > 10


def test_sweeps_follow_the_pressure(market: Market) -> None:
    tape = market.tapes.of("SPY", SESSION)
    pressed = (tape.sweep != 0) & (tape.flow != 0)

    assert np.count_nonzero(pressed) > 50
    assert np.all(np.sign(tape.sweep[pressed]) == tape.flow[pressed])


def test_a_jump_lasts_to_the_close(market: Market) -> None:
    tapes = Tapes(market.tapes.settings)
    before = tapes.at("SPY", MORNING).bid.copy()

    tapes.jump("SPY", MORNING, -0.02)

    now = tapes.at("SPY", MORNING).second(MORNING)
    after = tapes.at("SPY", MORNING).bid
    assert np.array_equal(after[: now + 1], before[: now + 1])
    assert np.allclose(after[now + 1 :], before[now + 1 :] * 0.98, atol=0.006)
