"""Prices as the exchange accepts them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders.ticks import Touch, round_down, round_up, tick_at, touch
from quanticity.domain.errors import MalformedInput

PENNY = ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05")))
NICKEL = ((Decimal(0), Decimal("0.05")), (Decimal(3), Decimal("0.10")))
PRICES = st.decimals("0.01", "400", places=4)


@pytest.mark.parametrize(
    ("price", "increments", "down", "up"),
    [
        pytest.param("2.994", PENNY, "2.99", "3.00", id="up to where the tick changes"),
        pytest.param("3.02", PENNY, "3.00", "3.05", id="five cents from 3 on"),
        pytest.param("2.99", NICKEL, "2.95", "3.00", id="nickels below 3"),
        pytest.param("3.17", NICKEL, "3.10", "3.20", id="dimes from 3 on"),
        pytest.param("2.50", PENNY, "2.50", "2.50", id="an accepted price stays"),
        pytest.param("0.004", PENNY, "0.00", "0.01", id="below one tick"),
    ],
)
def test_a_price_rounds_to_its_tick(price: str, increments: object, down: str, up: str) -> None:
    assert round_down(Decimal(price), increments) == Decimal(down)
    assert round_up(Decimal(price), increments) == Decimal(up)


@given(PRICES, st.sampled_from([PENNY, NICKEL]))
def test_rounding_brackets_the_price_within_one_tick(price: Decimal, increments: object) -> None:
    down, up = round_down(price, increments), round_up(price, increments)

    assert down <= price <= up
    assert up - down in (0, tick_at(price, increments))


@pytest.mark.parametrize(
    ("bid", "ask"),
    [
        (None, 2.1),
        (2.0, None),
        (0.0, 2.1),
        (2.2, 2.1),
        (-1.0, 2.1),
        (float("nan"), 2.1),
        (2.0, float("inf")),
    ],
)
def test_half_a_quote_is_no_touch(bid: float | None, ask: float | None) -> None:
    assert touch(bid, ask) is None


def test_a_touch_reads_doubles_as_printed() -> None:
    found = touch(0.1, 0.3)

    assert found == Touch(Decimal("0.1"), Decimal("0.3"))
    assert (found.mid, found.spread, found.spread_frac) == (Decimal("0.2"), Decimal("0.2"), 1)


def test_no_increments_is_an_error() -> None:
    with pytest.raises(MalformedInput, match="increment"):
        tick_at(Decimal(1), ())
