"""Brackets never offer more than is held (DOMAIN 6.7, 6.8)."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders import brackets, stops
from execution.orders.tickets import Cover
from execution.risk.verdict import Denied
from quanticity.config.loader import section
from quanticity.domain.instruments import parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import Bracket, Ticket
from quanticity.domain.signals import Strategy

SETTINGS = section("execution.stops", stops.Settings)
PENNY = ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05")))
CONTRACT = parse_occ("SPY251121C00600000")
STRATEGIES = st.sampled_from(Strategy)
PRICES = st.decimals("0.20", 15, places=2)


def entered(strategy: Strategy, quantity: int, limit: Decimal) -> Bracket:
    entry = brackets.Entry("sim", "0" * 26, strategy, CONTRACT, quantity, limit)
    made = brackets.plan(entry, PENNY, SETTINGS)
    assert isinstance(made, Bracket)
    return made


def slot(quantity: int, generation: int = 1, number: int = 2) -> brackets.Slot:
    group = brackets.group_of("T-20251121-001", generation, number)
    serial = brackets.serial_of(generation, number)
    return brackets.Slot("sim", "0" * 26, CONTRACT, quantity, group, serial)


@pytest.mark.parametrize(
    ("strategy", "quantity", "expected"),
    [
        pytest.param("0DTE", 1, [(1, 75)], id="one goes at the second target"),
        pytest.param("MOC", 1, [(1, 30)], id="one of MOC goes at its first"),
        pytest.param("0DTE", 2, [(1, 30), (1, 75)], id="two go at the first two"),
        pytest.param("14DTE", 3, [(1, 40), (1, 100), (1, 200)], id="three go one by one"),
        pytest.param("1DTE", 5, [(1, 30), (2, 75), (2, 150)], id="five"),
        pytest.param("0DTE", 10, [(3, 30), (3, 75), (4, 150)], id="ten"),
        pytest.param("MOC", 10, [(10, 30)], id="all of MOC at one target"),
    ],
)
def test_a_position_is_split_by_its_profile(
    strategy: str, quantity: int, expected: list[tuple[int, int]]
) -> None:
    found = brackets.tranches(quantity, SETTINGS.profiles[Strategy(strategy)])

    assert [(t.quantity, t.target_pct) for t in found] == expected


@given(STRATEGIES, st.integers(1, 100))
def test_tranches_sum_to_the_position_and_none_is_empty(strategy: Strategy, quantity: int) -> None:
    found = brackets.tranches(quantity, SETTINGS.profiles[strategy])

    assert sum(t.quantity for t in found) == quantity
    assert min(t.quantity for t in found) >= 1


@given(STRATEGIES, st.integers(1, 100), PRICES)
def test_a_plan_is_one_buy_with_its_protection(
    strategy: Strategy, quantity: int, limit: Decimal
) -> None:
    made = entered(strategy, quantity, limit)

    assert [t.side for t in (made.entry, made.target, made.stop)] == [
        Side.BUY,
        Side.SELL,
        Side.SELL,
    ]
    assert {t.quantity for t in (made.entry, made.target, made.stop)} == {quantity}
    assert made.stop.stop_price < limit < made.target.limit_price


def test_a_plan_by_hand() -> None:
    made = entered(Strategy.ZERO_DTE, 3, Decimal("2.10"))

    # Half at risk; the third target is 150 % up, 5.25 on the nickel grid.
    assert (made.stop.stop_price, made.target.limit_price) == (Decimal("1.05"), Decimal("5.25"))


def test_a_premium_without_room_for_a_stop_is_denied() -> None:
    entry = brackets.Entry("sim", "0" * 26, Strategy.ZERO_DTE, CONTRACT, 1, Decimal("0.01"))

    found = brackets.plan(entry, PENNY, SETTINGS)

    assert isinstance(found, Denied)
    assert found.code == "PROTECTION_INFEASIBLE"


@pytest.mark.parametrize(("quantity", "kind"), [(1, 1), (2, 2), (9, 2)])
def test_a_pair_shares_a_group_that_reduces_unless_it_is_of_one_contract(
    quantity: int, kind: int
) -> None:
    cover = Cover(quantity)
    stop = brackets.stop_leg(slot(quantity), Decimal("1.00"), cover)
    target = brackets.target_leg(slot(quantity), Decimal("2.60"), cover)

    assert isinstance(stop, Ticket)
    assert isinstance(target, Ticket)
    assert {(t.quantity, t.oca_group, t.oca_type, t.side) for t in (stop, target)} == {
        (quantity, "QC-T-20251121-001-1-2", kind, Side.SELL)
    }
    assert (stop.stop_price, target.limit_price) == (Decimal("1.00"), Decimal("2.60"))
    assert (stop.order_ref[-4:], target.order_ref[-4:]) == (":S12", ":T12")


@pytest.mark.parametrize("leg", [brackets.stop_leg, brackets.target_leg])
def test_a_leg_beyond_what_is_free_cannot_be_made(leg: Callable[..., Ticket | Denied]) -> None:
    found = leg(slot(3), Decimal("1.00"), Cover(held=5, claimed=3))

    assert isinstance(found, Denied)
    assert found.code == "SHORT_FORBIDDEN"


@given(st.integers(1, 99), st.integers(1, 99), st.integers(0, 9), st.integers(0, 9))
def test_no_two_pairs_share_a_reference(first: int, then: int, one: int, other: int) -> None:
    same = (first, one) == (then, other)

    assert (brackets.serial_of(first, one) == brackets.serial_of(then, other)) is same
    assert brackets.serial_of(first, one) != 1  # the attached pair
