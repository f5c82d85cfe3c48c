"""Bars from bars, closed by the clock (DOMAIN 1.4)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ingestion import bars
from quanticity.config.loader import section
from quanticity.domain.market import Bar

SETTINGS = section("analytics.bars", bars.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
TICKS = st.lists(
    st.tuples(st.integers(9_000, 11_000), st.integers(0, 500)), min_size=1, max_size=36
)


def five(second: int, price: float = 100.0, volume: float = 10, *, wap: float | None = None) -> Bar:
    return Bar(
        "SPY",
        AT + timedelta(seconds=second),
        price,
        price + 1,
        price - 1,
        price,
        volume,
        wap or price,
    )


def row(*ticks: tuple[float, float]) -> list[Bar]:
    return [five(5 * n, price, volume) for n, (price, volume) in enumerate(ticks)]


def merged(source: Iterable[Bar], interval_s: int = bars.MINUTE_S) -> list[Bar]:
    """All intervals, once they are long over."""
    return bars.close(source, AT + timedelta(days=1), interval_s, SETTINGS)[0]


@pytest.mark.parametrize(
    ("after_s", "closed"),
    [(60, 0), (61.9, 0), (62, 1), (122, 1)],
)
def test_a_minute_is_closed_by_the_clock_two_seconds_late(after_s: float, closed: int) -> None:
    found, _ = bars.close(
        [five(0), five(55)], AT + timedelta(seconds=after_s), bars.MINUTE_S, SETTINGS
    )

    assert len(found) == closed


def test_what_is_not_closed_waits() -> None:
    found, waiting = bars.close(
        [five(0), five(60)], AT + timedelta(seconds=65), bars.MINUTE_S, SETTINGS
    )

    assert [bar.open_at for bar in found] == [AT]
    assert waiting == [five(60)]


def test_a_minute_without_bars_is_a_gap() -> None:
    found, _ = bars.close([five(0), five(130)], AT + timedelta(hours=1), bars.MINUTE_S, SETTINGS)

    assert [bar.open_at for bar in found] == [AT, AT + timedelta(minutes=2)]


def test_a_bar_sent_twice_counts_once_as_last_sent() -> None:
    (found,) = merged([five(0, 100, 10), five(0, 101, 20)])

    assert (found.volume, found.close, found.n5) == (20, 101, 1)


def test_order_of_arrival_does_not_matter() -> None:
    ticks = row((100, 1), (101, 2), (99, 3))

    assert merged(reversed(ticks)) == merged(ticks)


def test_merging_keeps_the_ends_and_the_extremes() -> None:
    (found,) = merged(row((100, 1), (105, 2), (99, 3)))

    assert (found.open, found.high, found.low, found.close, found.volume, found.n5) == (
        100,
        106,
        98,
        99,
        6,
        3,
    )


@given(TICKS)
def test_five_minutes_are_the_same_from_minutes_as_from_seconds(
    ticks: list[tuple[int, int]],
) -> None:
    source = row(*((price / 100, volume) for price, volume in ticks))

    (direct,) = merged(source, bars.FIVE_MINUTES_S)
    (by_minutes,) = merged(merged(source), bars.FIVE_MINUTES_S)

    assert by_minutes.wap == pytest.approx(direct.wap)
    assert (by_minutes.open, by_minutes.high, by_minutes.low, by_minutes.close) == (
        direct.open,
        direct.high,
        direct.low,
        direct.close,
    )
    assert (by_minutes.volume, by_minutes.n5) == (direct.volume, direct.n5)


def test_nothing_traded_has_no_vwap() -> None:
    assert bars.vwap(row((100, 0), (101, 0))) is None
    assert bars.vwap([]) is None


@pytest.mark.parametrize("interval_s", [60, 300])
def test_an_interval_begins_at_its_floor(interval_s: int) -> None:
    inside = AT + timedelta(seconds=interval_s - 1)

    assert bars.floor(inside, interval_s) == AT
    assert bars.floor(AT, interval_s) == AT
