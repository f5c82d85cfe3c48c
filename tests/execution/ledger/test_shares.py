"""Shares of exercises, lot by lot: what closes them and what that came to."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.ledger.shares import Lot, follow
from quanticity.domain.instruments import Share
from quanticity.domain.orders import Fill
from tests.factories import ACCOUNT, NOON

FRIDAY = NOON - timedelta(days=3)


def lot(quantity: int, price: str = "600", days: int = 0) -> Lot:
    return Lot(quantity, Decimal(price), FRIDAY + timedelta(days=days))


def fill(n: int, quantity: int, price: str, cost: str | None = "1.00") -> Fill:
    return Fill(
        f"s{n}.01", "", 0, Share("SPY"), 1, quantity, Decimal(price), NOON + timedelta(seconds=n),
        ACCOUNT, None if cost is None else Decimal(cost),
    )  # fmt: skip


def test_the_oldest_lot_goes_first() -> None:
    book = follow([lot(100, "600"), lot(200, "610", 1)], [fill(1, -150, "620")])

    assert [(c.lot.price, c.quantity) for c in book.closings] == [(600, 100), (610, 50)]
    assert [(one.price, one.quantity) for one in book.lots] == [(610, 150)]


def test_a_cost_is_shared_by_what_it_closed() -> None:
    book = follow([lot(100), lot(200, "610", 1)], [fill(1, -150, "620", "3.00")])

    assert [c.cost_usd for c in book.closings] == [Decimal(2), Decimal(1)]


def test_a_cost_to_come_is_unknown() -> None:
    book = follow([lot(100)], [fill(1, -100, "620", None)])

    assert book.closings[0].cost_usd is None


def test_more_than_is_there_is_somebody_elses() -> None:
    book = follow([lot(100)], [fill(1, -150, "620", "3.00")])

    assert [c.quantity for c in book.closings] == [100]
    assert book.closings[0].cost_usd == Decimal(2)
    assert book.lots == ()


def test_what_is_bought_beside_long_shares_closes_nothing() -> None:
    assert follow([lot(100)], [fill(1, 50, "620")]).closings == ()


def test_calls_and_puts_of_one_close_meet_each_other() -> None:
    book = follow([lot(300), lot(-100)], [])

    assert [(c.quantity, c.price - c.lot.price) for c in book.closings] == [(100, 0)]
    assert [one.quantity for one in book.lots] == [200]


@pytest.mark.parametrize(
    ("there", "left"),
    [
        pytest.param(300, [100, 200], id="all"),
        pytest.param(250, [50, 200], id="some of the oldest are gone"),
        pytest.param(0, [], id="none"),
        pytest.param(-300, [], id="short instead"),
        pytest.param(500, [100, 200], id="more, of somebody else's"),
    ],
)
def test_no_more_is_left_than_the_broker_shows(there: int, left: list[int]) -> None:
    book = follow([lot(100), lot(200, "610", 1)], []).of_which(there)

    assert [one.quantity for one in book.lots] == left


@given(
    st.lists(st.integers(1, 5).map(lambda n: 100 * n), min_size=1, max_size=4),
    st.lists(st.integers(-400, 400).filter(bool), max_size=8),
    st.sampled_from((1, -1)),
)
def test_shares_are_closed_or_left_never_both_nor_beyond(
    lots: list[int], fills: list[int], sign: int
) -> None:
    book = follow(
        [lot(sign * quantity, days=0) for quantity in lots],
        [fill(n, quantity, "620") for n, quantity in enumerate(fills)],
    )

    closed, left = (sum(one.quantity for one in part) for part in (book.closings, book.lots))
    sold = sum(-quantity for quantity in fills if quantity * sign < 0)
    assert closed + left == sign * sum(lots)
    assert abs(closed) == min(sum(lots), abs(sold))
