"""A synthetic book from a quote (DOMAIN 1.4)."""

from datetime import UTC, datetime

import pytest

from analytics.ingestion import book
from quanticity.domain.market import Book, Level, Quote

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)


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
