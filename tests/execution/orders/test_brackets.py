"""Brackets never offer more than is held (DOMAIN 6.7, 6.8)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders import brackets, stops
from execution.orders.protection import WorkingSell, violations
from execution.risk.verdict import Denied
from quanticity.config.loader import section
from quanticity.domain.instruments import parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import Bracket, Role, Ticket
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


def held(quantity: int, average: Decimal, stop: Decimal) -> brackets.Holding:
    return brackets.Holding("sim", "0" * 26, "T-20251121-001", 1, CONTRACT, quantity, average, stop)


def working(*tickets: Ticket) -> list[WorkingSell]:
    return [
        WorkingSell(t.order_ref, t.role, t.quantity, t.oca_group or "attached", n)
        for n, t in enumerate(tickets)
    ]


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


def test_a_partial_fill_right_sizes_both_children() -> None:
    made = entered(Strategy.ZERO_DTE, 5, Decimal("2.00"))

    pair = brackets.right_size(
        made, 2, Decimal("2.00"), PENNY, SETTINGS.profiles[Strategy.ZERO_DTE]
    )

    assert (pair.stop.quantity, pair.target.quantity) == (2, 2)
    assert (pair.stop.stop_price, pair.target.limit_price) == (Decimal("1.00"), Decimal("3.50"))


@given(STRATEGIES, st.integers(1, 100), PRICES, st.data())
def test_a_split_covers_the_position_exactly(
    strategy: Strategy, quantity: int, limit: Decimal, data: st.DataObject
) -> None:
    made = entered(strategy, quantity, limit)
    filled = data.draw(st.integers(1, quantity))
    profile = SETTINGS.profiles[strategy]
    attached = brackets.right_size(made, filled, limit, PENNY, profile)

    found = brackets.split(attached, held(filled, limit, made.stop.stop_price), PENNY, profile)

    assert isinstance(found, brackets.Split)
    live = working(found.attached.stop, found.attached.target, *found.in_order)
    assert violations(filled, live) == ()


@given(STRATEGIES, st.integers(2, 100), PRICES)
def test_no_step_of_a_split_could_sell_more_than_is_held(
    strategy: Strategy, quantity: int, limit: Decimal
) -> None:
    made = entered(strategy, quantity, limit)
    found = brackets.split(
        brackets.Pair(made.stop, made.target),
        held(quantity, limit, made.stop.stop_price),
        PENNY,
        SETTINGS.profiles[strategy],
    )

    assert isinstance(found, brackets.Split)
    pair = [found.attached.stop, found.attached.target]
    for sent in range(len(found.in_order) + 1):
        live = working(*pair, *found.in_order[:sent])
        assert not [v for v in violations(quantity, live) if v.critical]


def test_each_tranche_has_its_own_group_of_its_own_kind() -> None:
    made = entered(Strategy.ZERO_DTE, 8, Decimal("2.00"))
    found = brackets.split(
        brackets.Pair(made.stop, made.target), held(8, Decimal("2.00"), Decimal("1.00")), PENNY,
        SETTINGS.profiles[Strategy.ZERO_DTE],
    )  # fmt: skip

    assert isinstance(found, brackets.Split)
    assert [(t.role, t.quantity, t.oca_group, t.oca_type) for t in found.in_order] == [
        (Role.STOP, 2, "QC-T-20251121-001-1-1", 2),
        (Role.STOP, 3, "QC-T-20251121-001-1-2", 2),
        (Role.TARGET, 2, "QC-T-20251121-001-1-1", 2),
        (Role.TARGET, 3, "QC-T-20251121-001-1-2", 2),
    ]


def test_a_pair_of_one_contract_cancels_with_block() -> None:
    made = entered(Strategy.ZERO_DTE, 3, Decimal("2.00"))
    found = brackets.split(
        brackets.Pair(made.stop, made.target), held(3, Decimal("2.00"), Decimal("1.00")), PENNY,
        SETTINGS.profiles[Strategy.ZERO_DTE],
    )  # fmt: skip

    assert isinstance(found, brackets.Split)
    assert {t.oca_type for t in found.in_order} == {1}
