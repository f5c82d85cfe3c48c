"""Cash, average cost, realised profit and commissions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_world import option

from quanticity.config.loader import section
from quanticity.gateway.simulated import account
from quanticity.gateway.simulated.account import Account

SETTINGS = section("gateway.simulated.account", account.Settings)
OPTION, STOCK = option(), 756733
FILLS = st.lists(
    st.tuples(st.integers(-9, 9).filter(bool), st.decimals("0.05", "20", places=2)), max_size=20
)


@pytest.fixture
def books() -> Account:
    return Account(SETTINGS, Decimal(100_000))


def test_average_cost_includes_commission_and_multiplier(books: Account) -> None:
    books.book(OPTION, Decimal(3), Decimal("2.35"), Decimal("1.95"))

    assert books.positions[OPTION].average_cost == Decimal("235.65")
    assert books.cash == Decimal(100_000) - 705 - Decimal("1.95")


def test_closing_realises_net_of_both_commissions(books: Account) -> None:
    books.book(OPTION, Decimal(2), Decimal("2.00"), Decimal("1.30"))

    profit = books.book(OPTION, Decimal(-2), Decimal("2.50"), Decimal("1.30"))

    assert profit == Decimal("97.40")
    assert OPTION not in books.positions


def test_an_opening_realises_nothing(books: Account) -> None:
    assert books.book(OPTION, Decimal(2), Decimal(2), Decimal(1)) is None


@given(FILLS)
def test_cash_and_cost_account_for_every_dollar(fills: list[tuple[int, Decimal]]) -> None:
    books = Account(SETTINGS, Decimal(0))
    for quantity, price in fills:
        books.book(OPTION, Decimal(quantity), price, Decimal("0.65"))

    cost = sum((p.quantity * p.average_cost for p in books.positions.values()), Decimal(0))
    assert abs(books.cash + cost - books.realized) < Decimal("1e-15")


@given(FILLS)
def test_a_position_is_the_sum_of_its_fills(fills: list[tuple[int, Decimal]]) -> None:
    books = Account(SETTINGS, Decimal(0))
    for quantity, price in fills:
        books.book(STOCK, Decimal(quantity), price, Decimal(1))

    assert books.quantity(STOCK) == sum(quantity for quantity, _ in fills)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_the_minimum_is_per_order_however_it_fills(parts: list[int]) -> None:
    books = Account(SETTINGS, Decimal(0))

    charged = [books.commission(1, OPTION, Decimal(part)) for part in parts]

    assert sum(charged) == max(Decimal("0.65") * sum(parts), Decimal("1.0"))


def test_a_correction_moves_cash_and_cost(books: Account) -> None:
    books.book(OPTION, Decimal(2), Decimal("2.00"), Decimal(0))

    books.reprice(OPTION, Decimal(2), Decimal("2.00"), Decimal("2.10"))

    assert books.cash == Decimal(100_000) - 420
    assert books.positions[OPTION].average_cost == Decimal(210)
