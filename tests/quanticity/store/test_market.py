from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from quanticity.domain import clock
from quanticity.domain.calendar import Settlement
from quanticity.domain.market import Bar, Book, Imbalance, Level, Quote, Trade
from quanticity.domain.options import Chain, Expiry
from quanticity.store import columns, keys, market
from quanticity.store.client import client

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]
AT = datetime(2025, 11, 21, 17, 0, 0, 250_000, UTC)
OCC = "SPY   251121C00600000"


def a_quote(instrument: str = "SPY", bid: float | None = 599.99) -> Quote:
    return Quote(instrument, bid, 600.01, 3.0, 4.0, None, AT, AT)


def a_print(price: float) -> Trade:
    return Trade("SPY", price, 100.0, AT, "XNAS", ("@", "F"), 599.99, 600.01, 0.1, sampled=True)


def a_bar(minute: int) -> Bar:
    return Bar("SPY", AT + timedelta(minutes=minute), 1.0, 2.0, 0.5, 1.5, 900.0, None, 12)


def a_chain(rows: int) -> Chain:
    return Chain(
        underlying="SPY", spot=600.0, as_of=AT, feed="IBKR", delayed=False, multiplier=100,
        european=False,
        expiries=(Expiry(date(2025, 11, 21), "SPY", Settlement.PM_PHYSICAL, AT, 14_400.0, 0, 0),),
        occ=np.array([OCC] * rows, dtype=str), right=np.ones(rows, np.int64),
        strike=np.linspace(590.0, 610.0, rows), expiry_idx=np.zeros(rows, np.int64),
        bid=np.full(rows, np.nan), ask=np.full(rows, 1.05), last=np.full(rows, 1.0),
        bid_size=np.arange(rows), ask_size=np.arange(rows), volume=np.arange(rows),
        open_interest=np.arange(rows), quote_epoch_ms=np.full(rows, -1), warnings=("thin",),
    )  # fmt: skip


@pytest.mark.parametrize(
    "quote",
    [pytest.param(a_quote(), id="two sides"), pytest.param(a_quote(bid=None), id="one side")],
)
def test_a_quote_comes_back_as_it_was(quote) -> None:
    market.write_quote(quote)

    assert market.quote("SPY") == quote


def test_contract_quotes_are_kept_by_their_code() -> None:
    market.write_contract_quotes([a_quote(OCC)])

    assert (market.contract_quote(OCC), market.quote(OCC)) == (a_quote(OCC), None)


def test_a_book_comes_back_as_it_was() -> None:
    book = Book("SPY", (Level(599.99, 3.0, "ARCA"),), (), AT, synthetic=True)

    market.write_book(book)

    assert market.book("SPY") == book


@pytest.mark.parametrize("read", [market.quote, market.book, market.contract_quote, market.chain])
def test_what_was_never_written_is_none(read) -> None:
    assert read("NOPE") is None


def test_prints_come_back_oldest_first() -> None:
    market.add_trades("SPY", [a_print(1.0), a_print(2.0)])
    market.add_trades("SPY", [a_print(3.0)])

    assert [t.price for t in market.trades("SPY")] == [1.0, 2.0, 3.0]
    assert market.trades("SPY", 1) == [a_print(3.0)]


def test_a_cursor_reads_each_print_once() -> None:
    market.add_trades("SPY", [a_print(1.0), a_print(2.0)])
    first, cursor = market.trades_since("SPY", "0")
    market.add_trades("SPY", [a_print(3.0)])

    second, cursor = market.trades_since("SPY", cursor)
    third, _ = market.trades_since("SPY", cursor)

    assert [[t.price for t in found] for found in (first, second, third)] == [[1.0, 2.0], [3.0], []]


def test_bars_of_different_sizes_are_kept_apart() -> None:
    market.add_bars("SPY", "5s", [a_bar(0)])
    market.add_bars("SPY", "1min", [a_bar(1)])

    assert (market.bars("SPY", "5s"), market.bars("SPY", "1min")) == ([a_bar(0)], [a_bar(1)])


def test_replacing_bars_forgets_the_ones_before() -> None:
    market.add_bars("SPY", "5s", [a_bar(0)])

    market.replace_bars("SPY", "5s", [a_bar(7)])

    assert market.bars("SPY", "5s") == [a_bar(7)]


@pytest.mark.parametrize("rows", [0, 1, 400])
def test_a_chain_comes_back_column_by_column(rows) -> None:
    chain = a_chain(rows)
    market.write_chain(chain)

    found = market.chain("SPY")

    assert found is not None
    assert (found.expiries, found.warnings, found.as_of) == (chain.expiries, chain.warnings, AT)
    for name in ("occ", "right", "strike", "bid", "ask", "open_interest", "quote_epoch_ms"):
        np.testing.assert_array_equal(getattr(found, name), getattr(chain, name))


def test_a_new_listing_is_read_with_its_chain() -> None:
    market.write_chain(a_chain(3))
    assert market.chain("SPY").strike.tolist() == [590.0, 600.0, 610.0]

    market.write_chain(a_chain(2))

    assert market.chain("SPY").strike.tolist() == [590.0, 610.0]


def test_the_same_listing_is_not_written_again_but_lives_on() -> None:
    market.write_chain(a_chain(3))
    key = keys.chain_listing("SPY")
    client().expire(key.name, 5)

    market.write_chain(replace(a_chain(3), spot=601.0))

    assert client().ttl(key.name) > 5
    assert market.chain("SPY").spot == 601.0


def test_a_lost_listing_is_written_with_the_next_chain() -> None:
    market.write_chain(a_chain(3))
    client().delete(keys.chain_listing("SPY").name)
    market._listings.clear()
    assert market.chain("SPY") is None

    market.write_chain(a_chain(3))

    assert len(market.chain("SPY")) == 3


def test_a_listing_of_other_bytes_is_not_believed() -> None:
    market.write_chain(a_chain(3))
    market._listings.clear()
    client().set(keys.chain_listing("SPY").name, columns.pack(a_chain(2), clock.now()).listing)

    assert market.chain("SPY") is None


def test_quotes_are_read_where_they_lie() -> None:
    packed = columns.pack(a_chain(4), clock.now())
    quotes = columns.opened(packed.quotes)
    listing = columns.unpack_listing(packed.listing, packed.digest)
    assert quotes is not None
    assert listing is not None

    found = columns.unpack(quotes, listing)

    assert not found.ask.flags.owndata
    assert found.strike is columns.unpack(quotes, listing).strike


@pytest.mark.parametrize(
    ("write", "key"),
    [
        pytest.param(lambda: market.write_quote(a_quote()), keys.quote("SPY"), id="quote"),
        pytest.param(lambda: market.add_trades("SPY", [a_print(1.0)]), keys.prints("SPY"), id="prints"),
        pytest.param(lambda: market.add_bars("SPY", "5s", [a_bar(0)]), keys.bars("SPY", "5s"), id="bars"),
        pytest.param(lambda: market.write_chain(a_chain(1)), keys.chain("SPY"), id="chain"),
        pytest.param(lambda: market.write_chain(a_chain(1)), keys.chain_listing("SPY"), id="listing"),
        pytest.param(
            lambda: market.write_imbalance(Imbalance("SPY", AT, 1.0, None, None, None)),
            keys.auction("SPY"), id="auction",
        ),
    ],
)  # fmt: skip
def test_everything_hot_cools_down_by_itself(write, key) -> None:
    write()

    assert 0 < client().ttl(key.name) <= key.ttl
