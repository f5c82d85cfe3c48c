"""More traded than was ever shown (DOMAIN 3.13)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import hidden_orders
from analytics.calculators.hidden_orders import HiddenOrders, Seen
from quanticity.config.loader import section
from quanticity.domain.market import Book, Level, Trade
from quanticity.domain.readings import Unavailable

SETTINGS = section("analytics.hidden_orders", hidden_orders.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)


def seen(
    price: float,
    size: float = 100,
    *,
    bid_size: float = 200,
    ask_size: float = 200,
    venue: str = "ARCA",
) -> Seen:
    book = Book("SPY", (Level(100.0, bid_size),), (Level(100.04, ask_size),), AT)
    return Seen(Trade("SPY", price, size, AT, venue), book)


def measure(prints: list[Seen]) -> HiddenOrders:
    found = hidden_orders.compute(prints, SETTINGS)
    assert isinstance(found, HiddenOrders)
    return found


ICEBERG = [seen(100.0, 100)] * 6


@pytest.mark.parametrize(
    ("prints", "inside"),
    [
        pytest.param([seen(100.02)], 1, id="strictly inside"),
        pytest.param([seen(100.0), seen(100.04)], 0, id="at the best prices"),
        pytest.param([seen(100.0205, venue="TRF")], 0, id="off-exchange sub-penny is retail"),
        pytest.param([seen(100.0205)], 1, id="sub-penny on an exchange"),
        pytest.param([seen(100.02, venue="TRF")], 1, id="off-exchange at a cent"),
    ],
)
def test_which_prints_are_inside(prints: list[Seen], inside: int) -> None:
    assert measure(prints).n_inside == inside


def test_a_refilled_price_that_absorbs_is_an_iceberg() -> None:
    found = measure(ICEBERG)

    assert found.icebergs == (hidden_orders.Iceberg(100.0, 1, 600, 200, 5),)
    assert found.hidden_side == 1


@pytest.mark.parametrize(
    "prints",
    [
        pytest.param(ICEBERG[:4], id="four prints"),
        pytest.param([seen(100.0, 60)] * 6, id="less than twice the display"),
        pytest.param(
            [seen(100.0, 100, bid_size=600 - 100 * n) for n in range(6)], id="never refilled"
        ),
        pytest.param([seen(100.02, 100)] * 6, id="nothing displayed there"),
    ],
)
def test_what_is_no_iceberg(prints: list[Seen]) -> None:
    assert measure(prints).icebergs == ()


def test_icebergs_on_both_sides_have_no_side() -> None:
    assert measure([*ICEBERG, *[seen(100.04, 100)] * 6]).hidden_side == 0
    assert measure([seen(100.04, 100)] * 6).hidden_side == -1


def test_without_depth_there_is_no_score() -> None:
    synthetic = replace(seen(100.02), book=replace(seen(100.02).book, synthetic=True))

    assert hidden_orders.compute([synthetic], SETTINGS) == Unavailable(
        "hidden", "NOT_APPLICABLE", "no depth"
    )
    assert hidden_orders.compute([], SETTINGS) == Unavailable(
        "hidden", "NO_DATA", "no prints in the window"
    )


@given(st.integers(0, 100), st.integers(0, 20), st.floats(0, 100))
def test_the_score_stays_in_range(inside: int, icebergs: int, depth: float) -> None:
    assert 0 <= hidden_orders.score(inside, icebergs, depth, SETTINGS) <= 1
