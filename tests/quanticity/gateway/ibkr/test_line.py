"""A market data line: ticks in any order become quotes, prints and auction readings."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanticity.domain.instruments import OptionContract, Right
from quanticity.gateway.ibkr.line import Line

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
PUT = OptionContract("SPY", date(2025, 11, 21), Right.PUT, Decimal(600))
UNSET = 1.7976931348623157e308


def rt_volume(price: float, size: float, total: float, at: datetime = AT) -> str:
    return f"{price};{size};{int(at.timestamp() * 1000)};{total};600.0;true"


def test_bid_and_ask_come_separately() -> None:
    line = Line("SPY")
    line.on_price(1, 600.0, 200, AT)
    line.on_price(2, 600.02, 300, AT)

    quote = line.quote(AT)

    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == (600.0, 600.02, 200, 300)


@pytest.mark.parametrize(
    ("price", "size"),
    [
        pytest.param(-1.0, 0, id="minus one"),
        pytest.param(0.0, 0, id="zero without size"),
        pytest.param(UNSET, 100, id="unset"),
        pytest.param(float("nan"), 100, id="nan"),
        pytest.param(float("inf"), 100, id="infinite"),
        pytest.param(600.0, 0, id="no size, no quote"),
    ],
)
def test_an_absent_bid_is_none(price: float, size: float) -> None:
    line = Line("SPY")
    line.on_price(1, price, size, AT)

    assert line.quote(AT).bid is None


def test_a_size_of_the_unset_integer_is_unknown() -> None:
    line = Line("SPY")
    line.on_size(8, 2147483647, AT)

    assert line.volume is None


def test_delayed_ticks_fill_the_same_fields() -> None:
    line = Line("SPY")
    line.on_price(66, 600.0, 100, AT)
    line.on_size(69, 500, AT)
    line.on_data_type(3)

    assert (line.bid, line.bid_size, line.delayed) == (600.0, 500, True)


@pytest.mark.parametrize(
    ("right", "tick", "expected"),
    [
        pytest.param(Right.CALL, 27, 900, id="call takes the calls"),
        pytest.param(Right.CALL, 28, None, id="call ignores the puts"),
        pytest.param(Right.PUT, 28, 900, id="put takes the puts"),
        pytest.param(Right.PUT, 27, None, id="put ignores the calls"),
    ],
)
def test_open_interest_is_that_of_the_right(right: Right, tick: int, expected: int | None) -> None:
    line = Line("X", 1, OptionContract("SPY", date(2025, 11, 21), right, Decimal(600)))
    line.on_size(tick, 900, AT)

    assert line.contract_quote(AT).open_interest == expected


def test_a_print_carries_the_quote_it_met() -> None:
    line = Line("SPY")
    line.on_price(1, 600.0, 100, AT)
    line.on_price(2, 600.02, 100, AT)

    trade = line.on_print(rt_volume(600.01, 50, 1000), AT + timedelta(seconds=2), sampled=False)

    assert trade is not None
    assert (trade.price, trade.size, trade.bid, trade.ask) == (600.01, 50, 600.0, 600.02)
    assert (trade.quote_age_s, trade.event_at) == (2.0, AT)


def test_a_repeated_print_is_swallowed() -> None:
    line = Line("SPY")
    line.on_print(rt_volume(600.0, 50, 1000), AT, sampled=False)

    assert line.on_print(rt_volume(600.0, 50, 1000), AT, sampled=False) is None


def test_volume_without_a_print_is_a_gap() -> None:
    line = Line("SPY")
    line.on_print(rt_volume(600.0, 50, 1000), AT, sampled=False)
    line.on_print(rt_volume(600.0, 50, 1400), AT, sampled=False)

    assert line.gap_volume == 350


def test_the_count_of_volume_begins_anew_with_a_session() -> None:
    line = Line("SPY")
    line.on_print(rt_volume(600.0, 50, 90_000), AT, sampled=False)
    next_day = AT + timedelta(days=3)

    assert line.on_print(rt_volume(601.0, 50, 50, next_day), next_day, sampled=False) is not None


@pytest.mark.parametrize(
    ("bid", "ask", "age_s", "expected"),
    [
        pytest.param(599.99, 600.01, 1, 600.0, id="a tight fresh quote"),
        pytest.param(590.0, 610.0, 1, 599.5, id="a wide one: the last price"),
        pytest.param(600.1, 600.0, 1, 599.5, id="a crossed one: the last price"),
        pytest.param(599.99, 600.01, 6, None, id="too old"),
    ],
)
def test_the_spot_is_believed_only_when_fresh(
    bid: float, ask: float, age_s: float, expected: float | None
) -> None:
    line = Line("SPY")
    line.on_price(1, bid, 100, AT)
    line.on_price(2, ask, 100, AT)
    line.on_price(4, 599.5, 100, AT)

    assert line.spot(AT + timedelta(seconds=age_s)) == expected


def test_an_old_last_price_is_no_spot_though_other_ticks_come() -> None:
    line = Line("SPY")
    line.on_price(4, 599.5, 100, AT)
    later = AT + timedelta(minutes=30)
    line.on_size(8, 1_000, later)

    assert line.spot(later) is None
    assert line.quote(later).last_at == AT


def test_an_empty_print_makes_no_trade() -> None:
    assert Line("SPY").on_print(";;;1000;600.0;true", AT, sampled=False) is None


def test_auction_ticks_make_an_imbalance_with_its_sign() -> None:
    line = Line("SPY")
    line.on_size(34, 250_000, AT)
    line.on_price(35, 600.5, 0, AT)
    line.on_size(36, -40_000, AT)
    line.on_size(61, 0, AT)

    told = line.imbalance(AT)

    assert (told.paired_shares, told.indicative_price) == (250_000, 600.5)
    assert (told.imbalance_shares, told.regulatory_imbalance_shares) == (-40_000, 0)
    assert (line.changed_auction, line.changed_quote) == (True, False)


def test_unknown_greeks_are_none() -> None:
    line = Line("X", 1, PUT)
    line.on_model(-1.0, -2.0, 1.0, 0.0, 0.03, -2.0, UNSET, 600.0)

    assert line.model == (None, None, 0.03, None, None)


ticks = st.tuples(
    st.sampled_from([0, 1, 2, 3, 4, 8, 34, 35, 36, 61, 66, 99]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
)


@given(st.lists(ticks))
def test_no_tick_makes_a_number_that_is_none(stream: list[tuple[int, float, float]]) -> None:
    line = Line("X", 1, PUT)
    for tick, price, size in stream:
        line.on_price(tick, price, size, AT)
        line.on_size(tick, size, AT)

    quote = line.contract_quote(AT)
    prices = [p for p in (quote.bid, quote.ask, quote.last) if p is not None]
    sizes = [n for n in (quote.bid_size, quote.ask_size, quote.volume) if n is not None]

    assert all(0 < price < 1e300 for price in prices)
    assert all(0 <= size < 2147483647 for size in sizes)
