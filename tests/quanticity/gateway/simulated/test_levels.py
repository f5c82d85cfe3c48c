"""Daily levels: seeded, reverting, joined to what was recorded."""

from datetime import date

import numpy as np
import pytest

from quanticity.domain import calendar
from quanticity.gateway.simulated.levels import Habit, Levels, Recorded

HABITS = {"SPY": Habit(600.0, 0.008, 0.98), "QQQ": Habit(500.0, 0.01, 0.94)}
DAY = date(2025, 11, 21)


@pytest.fixture
def levels() -> Levels:
    return Levels(7, 0.015, HABITS)


def sessions(count: int) -> list[date]:
    days = [DAY]
    while len(days) < count:
        days.append(calendar.previous_session(days[-1]).date)
    return days[::-1]


def test_closes_move_as_much_as_they_should(levels: Levels) -> None:
    closes = np.array([levels.close("SPY", day) for day in sessions(500)])

    assert np.diff(np.log(closes)).std() == pytest.approx(0.008, rel=0.1)


def test_levels_stay_around_the_central_price(levels: Levels) -> None:
    closes = [levels.close("SPY", day) for day in sessions(2_000)]

    assert 450 < min(closes) < 600 < max(closes) < 800


def test_symbols_move_together(levels: Levels) -> None:
    one, two = (np.array([levels.close(s, day) for day in sessions(500)]) for s in HABITS)

    assert np.corrcoef(np.diff(np.log(one)), np.diff(np.log(two)))[0, 1] > 0.85


@pytest.mark.parametrize("day", [date(2005, 1, 5), date(2031, 12, 30)], ids=str)
def test_every_session_of_the_calendar_has_a_level(levels: Levels, day: date) -> None:
    assert levels.close("SPY", day) > 0


def test_seeded_days_join_the_recorded_ones(levels: Levels) -> None:
    before, after = calendar.previous_session(DAY).date, calendar.next_session(DAY).date
    moves = [levels.close("SPY", after) / levels.close("SPY", DAY)]

    levels.record("SPY", Recorded(DAY, 168.0, 170.0))

    assert levels.close("SPY", before) == 168.0
    assert levels.close("SPY", DAY) == 170.0
    assert levels.close("SPY", after) / 170.0 == pytest.approx(moves[0], abs=1e-4)


def test_recording_one_symbol_leaves_the_others(levels: Levels) -> None:
    before = levels.close("QQQ", DAY)

    levels.record("SPY", Recorded(DAY, 168.0, 170.0))

    assert levels.close("QQQ", DAY) == before
