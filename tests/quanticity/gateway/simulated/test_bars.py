"""Bars agree with each other, with the prints, and whenever they are asked for."""

from datetime import timedelta

import pytest
from simulated_world import MORNING, TODAY

from quanticity.domain import calendar
from quanticity.gateway.simulated.bars import Bar, Bars
from quanticity.gateway.simulated.market import Market

SESSION = calendar.session(TODAY)


@pytest.fixture(scope="module")
def bars(market: Market) -> Bars:
    return Bars(market)


def joined(parts: list[Bar]) -> tuple[float, float, float, float, int]:
    return (
        parts[0].open, max(b.high for b in parts), min(b.low for b in parts), parts[-1].close,
        sum(b.volume for b in parts),
    )  # fmt: skip


@pytest.mark.parametrize("seconds", [60, 300, 900])
def test_five_second_bars_join_to_longer_ones(bars: Bars, seconds: int) -> None:
    start = SESSION.open_at + timedelta(minutes=15)
    end = start + timedelta(seconds=seconds)

    (whole,) = bars.between("SPY", seconds, start, end)

    assert joined(bars.between("SPY", 5, start, end)) == joined([whole])


def test_history_is_the_same_before_and_after_the_close(bars: Bars) -> None:
    running = bars.of_session("SPY", SESSION, 60, MORNING.replace(second=0))
    finished = bars.of_session("SPY", SESSION, 60, SESSION.close_at)

    assert finished[: len(running)] == running


@pytest.mark.parametrize(("seconds", "count"), [(60, 390), (300, 78), (23_400, 1)])
def test_a_session_has_all_its_bars(bars: Bars, seconds: int, count: int) -> None:
    assert len(bars.of_session("SPY", SESSION, seconds, SESSION.close_at)) == count


def test_prints_lie_within_their_bar(bars: Bars, market: Market) -> None:
    start = MORNING.replace(second=0)
    trades = market.prints(
        "SPY", start - timedelta(microseconds=1), start + timedelta(seconds=59.99)
    )

    (bar,) = bars.between("SPY", 60, start, start + timedelta(minutes=1))

    assert bar.low <= min(t.price for t in trades)
    assert bar.high >= max(t.price for t in trades)
    assert bar.volume == sum(t.size for t in trades)


def test_the_average_price_lies_within_the_bar(bars: Bars) -> None:
    found = bars.of_session("SPY", SESSION, 60, SESSION.close_at)

    assert all(bar.low <= bar.wap <= bar.high for bar in found)


@pytest.mark.parametrize("name", ["SPX", "VIX"])
def test_an_index_has_bars_without_volume(bars: Bars, name: str) -> None:
    found = bars.between(name, 60, SESSION.open_at, SESSION.open_at + timedelta(minutes=10))

    assert len(found) == 10
    assert all(bar.volume == 0 and bar.low <= bar.close <= bar.high for bar in found)
