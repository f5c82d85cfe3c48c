"""Books from venue rows and from quotes (DOMAIN 1.4)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ingestion import book
from analytics.ingestion.book import Row
from quanticity.config.loader import section
from quanticity.domain.market import Book, Level, Quote

SETTINGS = section("analytics.book", book.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
ROWS = st.lists(
    st.builds(
        Row,
        st.integers(1, 50).map(float),
        st.integers(0, 9).map(float),
        st.sampled_from("ABC"),
        st.just(AT),
    ),
    max_size=40,
)


def row(price: float, size: float, venue: str = "ARCA", age_s: float = 0) -> Row:
    return Row(price, size, venue, AT - timedelta(seconds=age_s))


def bids(*rows: Row) -> tuple[Level, ...]:
    return book.normalize("SPY", rows, (), AT, SETTINGS).bids


def test_venues_at_one_price_are_one_level() -> None:
    assert bids(row(100, 5, "ARCA"), row(100, 7, "BATS")) == (Level(100, 12, "ARCA,BATS"),)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(row(100, 0), id="no size"),
        pytest.param(row(0, 5), id="no price"),
        pytest.param(row(float("nan"), 5), id="not a number"),
        pytest.param(row(float("inf"), 5), id="a sentinel"),
        pytest.param(row(100, -5), id="negative size"),
        pytest.param(row(100, 5, age_s=10.1), id="not renewed"),
    ],
)
def test_rows_that_cannot_be_believed_are_dropped(bad: Row) -> None:
    assert bids(bad, row(99, 5)) == (Level(99, 5, "ARCA"),)


@given(ROWS, ROWS)
def test_each_side_is_sorted_best_first(one: list[Row], other: list[Row]) -> None:
    found = book.normalize("SPY", one, other, AT, SETTINGS)
    prices = [level.price for level in found.bids], [level.price for level in found.asks]

    assert prices == (sorted(prices[0], reverse=True), sorted(prices[1]))
    assert max(map(len, prices)) <= 10


@given(ROWS)
def test_no_size_is_lost_among_kept_prices(rows: list[Row]) -> None:
    levels = bids(*rows)
    kept = {level.price for level in levels}

    assert sum(level.size for level in levels) == sum(row.size for row in rows if row.price in kept)


@pytest.mark.parametrize(
    ("bid", "bid_size", "expected"),
    [
        pytest.param(100.0, 5.0, (Level(100.0, 5.0),), id="a side"),
        pytest.param(None, 5.0, (), id="no price"),
        pytest.param(100.0, None, (), id="no size"),
        pytest.param(100.0, 0.0, (), id="size zero"),
    ],
)
def test_a_quote_makes_a_synthetic_book(
    bid: float | None, bid_size: float | None, expected: tuple[Level, ...]
) -> None:
    found = book.from_quote(Quote("SPY", bid, 100.02, bid_size, 7.0, None, AT, AT))

    assert found == Book("SPY", expected, (Level(100.02, 7.0),), AT, synthetic=True)
