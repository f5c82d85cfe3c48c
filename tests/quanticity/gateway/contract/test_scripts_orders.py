"""What must hold after faults of orders, fills and commissions."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from client_library import LIBRARY, MarketOrder, StopOrder
from scenario_steps import (
    bracket,
    buy,
    call,
    codes,
    commissions,
    gone,
    held,
    qualified,
    rest,
    statuses,
    working,
)
from simulated_world import World

pytestmark = pytest.mark.enable_socket
Play = Callable[..., None]


def executions(trade: Any) -> list[tuple[str, float, float]]:
    """Revision, quantity and price of a trade's executions, as told."""
    told = (fill.execution for fill in trade.fills)
    return [(one.execId.rpartition(".")[2], one.shares, one.price) for one in told]


@pytest.mark.parametrize(("script", "code"), [("rejected", 201), ("refused", 203)])
def test_an_order_can_be_refused(play: Play, script: str, code: int) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)

        assert ib.errors[-1] == (trade.order.orderId, code)
        assert (held(world), working(world)) == ([], [])

    play(scenario, script)


def test_a_bracket_can_lose_its_stop_to_a_rejection(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        entry, target, stop = await bracket(ib, 1, 50.0, 60.0, 0.2)
        await world.settle()

        assert entry.orderStatus.status == "Filled"
        assert (stop.order.orderId, 201) in ib.errors
        assert [order.order_ref for order in working(world)] == ["QC:T"]
        assert target.orderStatus.status == "Submitted"

    play(scenario, "stop_rejected")


def test_the_broker_can_cancel_a_working_stop(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        _, target, stop = await bracket(ib, 1, 50.0, 60.0, 0.2)
        await world.pass_time(4)

        assert (stop.orderStatus.status, held(world)) == ("Cancelled", [1])
        assert (stop.order.orderId, 202) in ib.errors
        assert target.orderStatus.status == "Submitted"

    play(scenario, "stop_cancelled")


def test_a_notice_is_no_refusal(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await rest(world, ib)

        assert ib.errors[-1] == (trade.order.orderId, 10349)
        assert [order.order_ref for order in working(world)] == ["QC:2"]
        again = await world.connect(2)
        assert statuses(await again.reqAllOpenOrdersAsync()) == ["Submitted"]

    play(scenario, "notice")


def test_a_refused_revision_leaves_the_order_as_it_was(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await rest(world, ib, 0.05)
        trade.order.lmtPrice = 0.06
        ib.placeOrder(trade.contract, trade.order)
        await world.settle()

        assert ib.errors[-1] == (trade.order.orderId, 10326)
        assert [order.limit for order in working(world)] == [Decimal("0.05")]

    play(scenario, "revision_refused")


def test_an_entry_can_fill_in_part(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib, 5)
        await world.pass_time(5)

        assert (trade.orderStatus.filled, trade.orderStatus.remaining) == (2, 3)
        ib.cancelOrder(trade.order)
        await world.settle()
        assert (trade.orderStatus.status, held(world)) == ("Cancelled", [2])

    play(scenario, "partial")


def test_a_part_that_filled_before_a_cut_is_found_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        ib.placeOrder(contract, MarketOrder("BUY", 5, tif="DAY", orderRef="QC:1"))
        await gone(ib)
        world.clients.clear()
        again = await world.connect()
        (trade,) = again.trades()

        assert [fill.execution.shares for fill in again.fills()] == [2]
        assert (trade.order.orderRef, trade.orderStatus.remaining) == ("QC:1", 3)

    play(scenario, "partial_then_cut")


def test_a_cancellation_can_overtake_its_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        assert (trade.orderStatus.status, held(world)) == ("PendingSubmit", [])
        ib.cancelOrder(trade.order)
        await world.settle()
        assert 10147 in codes(ib)

        await world.pass_time(6)
        assert held(world) == [2]

    play(scenario, "late_order")


def test_an_order_can_fill_before_its_cancellation_arrives(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await rest(world, ib)
        ib.cancelOrder(trade.order)
        await world.settle()

        assert 10148 in codes(ib)
        assert (len(trade.fills), held(world)) == (1, [1])
        assert working(world) == []

    play(scenario, "cancel_too_late")


def test_target_and_stop_can_both_fill(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        _, target, stop = await bracket(ib, 2, 50.0, 60.0, 0.2)
        await world.pass_time(2)
        target.order.lmtPrice = 0.5
        ib.placeOrder(contract, target.order)
        await world.settle()

        assert statuses([target, stop]) == ["Filled", "Filled"]
        assert held(world) == [-2]
        assert [p.position for p in ib.positions()] == [-2]

    play(scenario, "overfill")


def test_a_duplicate_execution_is_one_fill(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)

        assert len(trade.fills) == 1
        assert len(world.exchange.books.executions) == 1

    play(scenario, "duplicate")


def test_a_commission_before_its_execution_is_lost_on_the_library(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        assert [fill.commissionReport.execId for fill in trade.fills] == [""]

        (fill,) = await ib.reqExecutionsAsync()
        assert fill.execution.execId == trade.fills[0].execution.execId
        assert commissions(trade) == [1.3]

    play(scenario, "commission_first")


def test_a_trade_can_be_filled_without_a_fill(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        trade = ib.placeOrder(contract, MarketOrder("BUY", 1, tif="DAY"))
        fills_when_filled: list[int] = []
        trade.filledEvent += lambda t: fills_when_filled.append(len(t.fills))
        await world.settle()

        assert (fills_when_filled, len(trade.fills)) == ([0], 1)

    play(scenario, "status_first")


def test_an_execution_can_be_told_after_the_next_one(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        size = world.exchange.touch((await qualified(ib, call())).conId).ask_size
        trade = await buy(world, ib, size + 1)
        await world.pass_time(30)

        assert [int(fill.execution.cumQty) for fill in trade.fills] == [size + 1, size]
        assert sum(fill.execution.shares for fill in trade.fills) == size + 1

    play(scenario, "executions_reordered")


def test_a_commission_can_come_late(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        assert [fill.commissionReport.execId for fill in trade.fills] == [""]

        await world.pass_time(31)
        assert commissions(trade) == [1.3]

    play(scenario, "commission_late")


@pytest.mark.parametrize(
    ("script", "told", "currency"),
    [
        ("commission_rebate", -0.35, "USD"),
        ("commission_unset", 1.7976931348623157e308, "USD"),
        ("commission_foreign", 1.1, "EUR"),
    ],
)
def test_a_commission_can_be_told_as_anything(
    play: Play, script: str, told: float, currency: str
) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        (report,) = (fill.commissionReport for fill in trade.fills)

        assert (report.commission, report.currency) == (told, currency)
        assert [e.commission for e in world.exchange.books.executions] == [Decimal("1.30")]

    play(scenario, script)


@pytest.mark.parametrize(
    ("script", "revision", "position"),
    [
        pytest.param("correction", (2, 3.0), [2], id="price"),
        pytest.param("correction_of_quantity", (1, None), [1], id="quantity"),
        pytest.param("bust", (0, None), [], id="bust"),
    ],
)
def test_a_correction_is_the_same_execution_at_the_next_revision(
    play: Play, script: str, revision: tuple[float, float | None], position: list[int]
) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        await world.pass_time(6)
        first, second = executions(trade)

        assert (first[0], second[0]) == ("01", "02")
        assert second[1:] == (revision[0], revision[1] or first[2])
        assert len(world.exchange.books.executions) == 1
        assert [p.position for p in ib.positions()] == held(world) == position

    play(scenario, script)


def test_a_jump_runs_through_the_stop(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        await buy(world, ib)
        trade = ib.placeOrder(contract, StopOrder("SELL", 2, 1.0, tif="GTC"))
        await world.pass_time(6)

        assert trade.orderStatus.status == "Filled"
        assert trade.orderStatus.avgFillPrice < 0.5

    play(scenario, "jump", market=None)


def test_somebody_can_trade_by_hand(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(2)

        assert [position.position for position in ib.positions()] == [3]
        (fill,) = await ib.reqExecutionsAsync()
        told = fill.execution
        assert (told.orderId, told.clientId, told.orderRef) == (0, 0, "")

    play(scenario, "manual_trade")


def test_what_is_paid_in_is_no_profit(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        day = ib.reqPnL("DU1000001")
        await world.pass_time(2)

        cash = {v.tag: v.value for v in ib.accountValues() if v.currency == "USD"}
        assert (cash["TotalCashValue"], cash["NetLiquidation"]) == ("1050000.00", "1050000.00")
        assert day.dailyPnL == 0

    play(scenario, "cash_paid_in")


def test_an_order_by_hand_is_among_all_open_orders(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(2)
        (trade,) = await ib.reqAllOpenOrdersAsync()

        assert (trade.order.orderId, trade.order.clientId, trade.order.orderRef) == (0, 0, "")
        assert (trade.order.lmtPrice, trade.orderStatus.status) == (0.05, "Submitted")
        ib.reqGlobalCancel()
        await asyncio.sleep(0.02)
        assert working(world) == []

    play(scenario, "manual_order")


def test_a_margin_can_be_told_unset_first(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        state = await ib.whatIfOrderAsync(contract, MarketOrder("BUY", 1, tif="DAY"))
        await world.settle()

        # ib_insync takes the unset answer for the answer (TWS_PROTOCOL 3.4); ib_async waits.
        unset = float(state.initMarginBefore) > 1e300
        assert unset == (LIBRARY == "ib_insync")

    play(scenario, "margin_unset_first")
