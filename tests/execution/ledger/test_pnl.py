"""First in, first out, to the cent, however the fills were split (DOMAIN 6.12)."""

import itertools
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.ledger import pnl
from execution.ledger.executions import CommissionReport, in_force
from execution.ledger.positions import by_contract, quantities
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import Fill

Make = Callable[..., Fill]
CENTS = st.integers(1, 2_000).map(lambda n: Decimal(n) / 100)
# Buys and sells as they may happen: (contracts, price, wants to sell).
TRADES = st.lists(st.tuples(st.integers(1, 20), CENTS, st.booleans()), max_size=20)


@pytest.fixture(scope="session")
def history(fill: Make) -> Callable[[list[tuple[int, Decimal, bool]]], list[Fill]]:
    """Fills of a long-only account: a sell takes at most what is held."""

    def make(trades: list[tuple[int, Decimal, bool]]) -> list[Fill]:
        held, made = 0, []
        for second, (size, price, sells) in enumerate(trades):
            signed = -min(size, held) if sells and held else size
            held += signed
            made.append(fill(signed, str(price), second))
        return made

    return make


# The textbook: one entry per contract, the oldest leaves first, in exact fractions.
def slow_fifo(fills: list[Fill]) -> tuple[Fraction, Fraction, int]:
    queue: deque[Fraction] = deque()
    realized, costs = Fraction(0), Fraction(0)
    for one in fills:
        share = Fraction(one.commission) / abs(one.quantity)
        for _ in range(abs(one.quantity)):
            if one.quantity > 0:
                queue.append(Fraction(one.price) * 100 + share)
            else:
                realized += Fraction(one.price) * 100 - share - queue.popleft()
            costs += share
    return realized, costs, len(queue)


@given(TRADES)
def test_the_ledger_is_the_textbook(
    history: Callable[..., list[Fill]], trades: list[tuple[int, Decimal, bool]]
) -> None:
    fills = history(trades)
    realized, costs, left = slow_fifo(fills)

    ledger = pnl.apply(fills, 100)

    assert abs(Fraction(ledger.realized_net_usd) - realized) < Fraction(1, 10**9)
    assert Fraction(ledger.commission_usd) == costs
    assert ledger.open_quantity == left == sum(f.quantity for f in fills)


@given(TRADES, st.data())
def test_a_split_fill_is_the_same_fill(
    history: Callable[..., list[Fill]],
    fill: Make,
    trades: list[tuple[int, Decimal, bool]],
    data: st.DataObject,
) -> None:
    fills = history(trades)
    parts = [
        fill(size, str(one.price), n + k / 100)
        for n, one in enumerate(fills)
        for k, size in enumerate(halves(one.quantity, data.draw(st.integers(0, abs(one.quantity)))))
    ]

    whole, split = pnl.apply(fills, 100), pnl.apply(parts, 100)

    assert abs(whole.realized_net_usd - split.realized_net_usd) < Decimal("1e-9")
    assert (whole.open_quantity, whole.cash_flow_usd) == (split.open_quantity, split.cash_flow_usd)


def halves(quantity: int, first: int) -> list[int]:
    sign = 1 if quantity > 0 else -1
    return [sign * size for size in (first, abs(quantity) - first) if size]


@given(TRADES, st.data())
def test_order_of_arrival_and_repetition_change_nothing(
    history: Callable[..., list[Fill]], trades: list[tuple[int, Decimal, bool]], data: st.DataObject
) -> None:
    fills = history(trades)
    arrived = data.draw(st.permutations(fills + fills[: len(fills) // 2]))

    assert pnl.apply(arrived, 100) == pnl.apply(fills, 100)


@given(TRADES)
def test_cash_is_what_was_realized_once_flat(
    history: Callable[..., list[Fill]], fill: Make, trades: list[tuple[int, Decimal, bool]]
) -> None:
    fills = history(trades)
    held = sum(f.quantity for f in fills)
    closed = [*fills, *[fill(-held, "1.00", 999)][: bool(held)]]

    ledger = pnl.apply(closed, 100)

    assert ledger.open_quantity == 0
    assert abs(ledger.cash_flow_usd - ledger.realized_net_usd) < Decimal("1e-9")


def test_two_trades_in_one_contract_stay_two(fill: Make) -> None:
    fills = [
        fill(1, "1.00", 0, order_ref="one"),
        fill(1, "2.00", 1, order_ref="two"),
        fill(-2, "3.00", 2),
    ]

    matches = pnl.apply(fills, 100).matches

    assert [(m.lot.order_ref, m.gross_usd) for m in matches] == [("one", 200), ("two", 100)]


def test_a_close_is_booked_on_its_commission(fill: Make) -> None:
    fills = [fill(1, "1.00", 0), fill(-1, "2.00", 1, commission=None)]

    ledger = pnl.apply(fills, 100)

    assert ledger.provisional
    assert (ledger.closes[0].gross_usd, ledger.closes[0].net_usd) == (100, None)


def test_a_rebate_lowers_the_cost(fill: Make) -> None:
    fills = [fill(1, "1.00", 0), fill(-1, "2.00", 1, commission=Decimal("-0.20"))]

    assert pnl.apply(fills, 100).realized_net_usd == Decimal("99.55")


def test_selling_more_than_was_bought_is_counted_not_hidden(fill: Make) -> None:
    ledger = pnl.apply([fill(1, "1.00", 0), fill(-3, "2.00", 1)], 100)

    assert (ledger.open_quantity, ledger.oversold) == (0, 2)


def test_fills_of_two_contracts_are_refused(fill: Make) -> None:
    with pytest.raises(MalformedInput, match="one account and contract"):
        pnl.apply([fill(1, "1.00", 0), fill(1, "1.00", 1, con_id=2)], 100)


def test_the_multiplier_is_the_contract_s(fill: Make) -> None:
    ledger = pnl.apply([fill(1, "1.00", 0), fill(-1, "2.00", 1)], 10)

    assert ledger.realized_gross_usd == 10


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        pytest.param("2.50", Decimal("98.70"), id="less entry commission"),
        pytest.param(None, None, id="unpriced is not zero"),
    ],
)
def test_unrealized(fill: Make, mark: str | None, expected: Decimal | None) -> None:
    lots = pnl.apply([fill(2, "2.00")], 100).lots

    assert pnl.unrealized(lots, mark and Decimal(mark), 100) == expected


@pytest.mark.parametrize(("net", "result"), [("0.01", "WIN"), ("-0.01", "LOSS"), ("0.00", "FLAT")])
def test_a_trade_wins_or_loses_to_the_cent(net: str, result: str) -> None:
    assert pnl.result(Decimal(net)) == result


def test_the_day_is_realized_and_the_change_of_unrealized() -> None:
    assert pnl.day(Decimal(100), Decimal(-30), Decimal(50)) == 20
    assert pnl.day(Decimal(100), None, Decimal(50)) is None


def test_a_correction_keeps_its_place_in_the_queue(fill: Make) -> None:
    first, second = fill(1, "1.00", 0, exec_id="a.01"), fill(1, "2.00", 1, exec_id="b.01")
    corrected = fill(1, "1.50", 9, exec_id="a.02")

    assert [f.exec_id for f in in_force([second, corrected, first])] == ["a.02", "b.01"]


def test_every_order_of_corrections_counts_the_last(fill: Make) -> None:
    versions = [fill(n, "1.00", 0, exec_id=f"a.0{n}") for n in (1, 2, 3)]

    counted = {in_force(order)[0].quantity for order in itertools.permutations(versions)}
    assert counted == {3}


def test_a_commission_may_come_before_its_fill(fill: Make) -> None:
    early = CommissionReport("a.01", Decimal("0.65"))

    (found,) = in_force([fill(1, "1.00", exec_id="a.01", commission=None)], [early])
    assert found.commission == Decimal("0.65")


@given(TRADES)
def test_positions_are_the_sum_of_fills(
    history: Callable[..., list[Fill]], trades: list[tuple[int, Decimal, bool]]
) -> None:
    fills = history(trades)
    found = by_contract(fills)

    assert {key: one.quantity for key, one in found.items()} == quantities(fills)
    assert sum(quantities(fills).values()) == sum(f.quantity for f in fills)


def test_the_average_is_of_entries_only(fill: Make) -> None:
    fills = [fill(1, "1.00", 0), fill(3, "2.00", 1), fill(-2, "9.00", 2)]

    (found,) = by_contract(fills).values()
    assert (found.entry_average, found.quantity) == (Decimal("1.75"), 2)
