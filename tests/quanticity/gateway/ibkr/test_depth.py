"""Depth rows by position become a sorted book."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from quanticity.domain.market import Level
from quanticity.gateway.ibkr.depth import Depth

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
AGE_S, LEVELS = 10.0, 10
ASK, BID = 0, 1
INSERT, UPDATE, DELETE = 0, 1, 2


def test_rows_are_inserted_changed_and_deleted_by_position() -> None:
    depth = Depth("SPY", AGE_S, LEVELS)
    depth.on_row(0, INSERT, BID, Level(600.0, 100, "ARCA"), AT)
    depth.on_row(1, INSERT, BID, Level(599.99, 200, "BATS"), AT)
    depth.on_row(0, UPDATE, BID, Level(600.0, 300, "ARCA"), AT)
    depth.on_row(1, DELETE, BID, Level(0.0, 0), AT)

    assert depth.book(AT).bids == (Level(600.0, 300, "ARCA"),)


def test_an_update_beyond_the_end_is_an_insertion() -> None:
    depth = Depth("SPY", AGE_S, LEVELS)
    depth.on_row(3, UPDATE, ASK, Level(600.1, 100), AT)

    assert depth.book(AT).asks == (Level(600.1, 100),)


def test_a_reset_forgets_all_rows() -> None:
    depth = Depth("SPY", AGE_S, LEVELS)
    depth.on_row(0, INSERT, ASK, Level(600.1, 100), AT)
    depth.clear()

    assert (depth.book(AT).bids, depth.book(AT).asks) == ((), ())


def test_a_row_that_its_venue_does_not_renew_drops_out_and_keeps_its_place() -> None:
    later = AT + timedelta(seconds=AGE_S + 0.1)
    depth = Depth("SPY", AGE_S, LEVELS)
    depth.on_row(0, INSERT, BID, Level(600.0, 100, "ARCA"), AT)
    depth.on_row(1, INSERT, BID, Level(599.99, 200, "BATS"), later)

    assert len(depth.book(AT + timedelta(seconds=AGE_S)).bids) == 2
    assert depth.book(later).bids == (Level(599.99, 200, "BATS"),)

    depth.on_row(0, UPDATE, BID, Level(600.0, 50, "ARCA"), later)
    assert [level.size for level in depth.book(later).bids] == [50, 200]


def test_venues_at_one_price_are_one_level() -> None:
    depth = Depth("SPY", AGE_S, LEVELS)
    for position, venue in enumerate(["ARCA", "BATS", ""]):
        depth.on_row(position, INSERT, BID, Level(600.0, 100, venue), AT)
    depth.on_row(3, INSERT, BID, Level(599.99, 50, "ARCA"), AT)

    assert depth.book(AT).bids == (Level(600.0, 300, "ARCA,BATS"), Level(599.99, 50, "ARCA"))


def test_a_book_has_so_many_levels_a_side() -> None:
    depth = Depth("SPY", AGE_S, LEVELS)
    for position in range(LEVELS + 3):
        depth.on_row(position, INSERT, ASK, Level(600.0 + position, 100), AT)

    assert [level.price for level in depth.book(AT).asks] == [600.0 + n for n in range(LEVELS)]


rows = st.tuples(
    st.integers(0, 12),
    st.sampled_from([INSERT, UPDATE, DELETE]),
    st.sampled_from([ASK, BID]),
    st.builds(Level, st.floats(-1, 1000), st.floats(-1, 1000)),
)


@given(st.lists(rows))
def test_a_book_is_sorted_and_has_no_empty_rows(messages: list) -> None:
    depth = Depth("SPY", AGE_S, LEVELS)
    for message in messages:
        depth.on_row(*message, AT)
    book = depth.book(AT)

    assert [level.price for level in book.bids] == sorted(
        (x.price for x in book.bids), reverse=True
    )
    assert [level.price for level in book.asks] == sorted(x.price for x in book.asks)
    assert all(level.price > 0 and level.size >= 0 for level in (*book.bids, *book.asks))
