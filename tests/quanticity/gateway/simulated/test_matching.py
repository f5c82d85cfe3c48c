"""Triggers and fills, as tables."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanticity.config.loader import section
from quanticity.gateway.simulated import matching
from quanticity.gateway.simulated.matching import Touch
from quanticity.gateway.simulated.orders import Order

SETTINGS = section("gateway.simulated.matching", matching.Settings)


def order(action: str, kind: str = "LMT", quantity: int = 10, **prices: str) -> Order:
    made = Order(1, 1, 1, action, Decimal(quantity), kind)
    for name, price in prices.items():
        setattr(made, name, Decimal(price))
    return made


def touch(
    bid: str | None = "2.00",
    ask: str | None = "2.10",
    size: int = 50,
    *,
    last: str = "2.05",
    is_option: bool = True,
) -> Touch:
    sides = (None if price is None else Decimal(price) for price in (bid, ask))
    return Touch(*sides, size, size, Decimal(last), is_option)


@pytest.mark.parametrize(
    ("made", "price"),
    [
        pytest.param(order("BUY", limit="2.10"), "2.10", id="buy at the ask"),
        pytest.param(order("BUY", limit="2.50"), "2.10", id="buy above pays the ask only"),
        pytest.param(order("SELL", limit="2.00"), "2.00", id="sell at the bid"),
        pytest.param(order("SELL", limit="1.00"), "2.00", id="sell below gets the bid"),
        pytest.param(order("BUY", "MKT"), "2.10", id="market buy"),
        pytest.param(order("SELL", "MKT"), "2.00", id="market sell"),
        pytest.param(order("BUY", limit="2.09"), None, id="buy inside waits"),
        pytest.param(order("SELL", limit="2.01"), None, id="sell inside waits"),
        pytest.param(order("BUY", "MOC"), None, id="on close waits"),
    ],
)
def test_a_marketable_order_fills_at_the_far_touch(made: Order, price: str | None) -> None:
    match = matching.fill(made, touch(), made.remaining, None, SETTINGS)

    assert (match and match.price) == (price and Decimal(price))


@pytest.mark.parametrize(
    ("size", "executable", "filled"),
    [(50, 10, 10), (4, 10, 4), (50, 3, 3), (50, 0, None), (0, 10, None)],
)
def test_a_fill_is_bounded_by_size_and_parent(
    size: int, executable: int, filled: int | None
) -> None:
    match = matching.fill(
        order("BUY", "MKT"), touch(size=size), Decimal(executable), None, SETTINGS
    )

    assert (match and match.quantity) == filled


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_nothing_fills_against_an_absent_side(side: str) -> None:
    action = "SELL" if side == "bid" else "BUY"

    assert (
        matching.fill(order(action, "MKT"), touch(**{side: None}), Decimal(10), 0.0, SETTINGS)
        is None
    )


@given(st.floats(2.0, 2.1), st.floats(2.0, 2.1))
def test_a_dearer_bid_fills_sooner(one: float, two: float) -> None:
    low, high = sorted((one, two))

    assert matching.passive_chance(low, 2.0, 2.1, SETTINGS) <= matching.passive_chance(
        high, 2.0, 2.1, SETTINGS
    )


def test_at_mid_the_chance_is_the_configured_one() -> None:
    assert matching.passive_chance(2.05, 2.0, 2.1, SETTINGS) == pytest.approx(0.25)


def test_a_lucky_passive_order_fills_at_its_limit() -> None:
    match = matching.fill(order("BUY", limit="2.05"), touch(), Decimal(10), 0.2, SETTINGS)

    assert match is not None
    assert (match.price, match.liquidity) == (Decimal("2.05"), matching.ADDED)


@pytest.mark.parametrize(
    ("asks", "fired"),
    [
        pytest.param(["1.50", "1.50"], [False, True], id="two in a row"),
        pytest.param(["1.50", "1.60", "1.50"], [False, False, False], id="interrupted"),
        pytest.param(["1.50", "1.49"], [False, True], id="at and beyond"),
        pytest.param(["1.60", "1.55"], [False, False], id="never reached"),
    ],
)
def test_an_options_stop_needs_two_consecutive_asks(asks: list[str], fired: list[bool]) -> None:
    made = order("SELL", "STP", aux="1.50")

    assert [matching.trigger(made, touch("1.00", ask), SETTINGS) for ask in asks] == fired


def test_prints_do_not_trigger_an_options_stop() -> None:
    made = order("SELL", "STP", aux="2.05")

    assert not any(matching.trigger(made, touch(last="1.00"), SETTINGS) for _ in range(3))


def test_a_stocks_stop_triggers_on_one_print() -> None:
    made = order("SELL", "STP", aux="2.05")

    assert matching.trigger(made, touch(last="2.05", is_option=False), SETTINGS)


def test_a_trailing_stop_never_turns_back() -> None:
    made = order("SELL", "TRAIL", aux="0.10")

    levels = [matching.stop_level(made, touch(ask=ask)) for ask in ("2.10", "2.30", "2.25", "2.21")]

    assert levels == [Decimal(level) for level in ("2.00", "2.20", "2.20", "2.20")]


@pytest.mark.parametrize(
    ("price", "penny", "fits"),
    [
        ("2.01", True, True),
        ("2.015", True, False),
        ("3.01", False, False),
        ("3.05", False, True),
        ("2.99", False, True),
    ],
)
def test_prices_stand_on_ticks(price: str, penny: bool, fits: bool) -> None:
    assert matching.is_tick(Decimal(price), penny=penny) is fits
