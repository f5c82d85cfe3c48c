"""What a real client sees when things go wrong on script."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from client_library import LimitOrder, MarketOrder, Option, Stock, StopOrder
from simulated_world import World

from quanticity.gateway.simulated.fault_script import Action, At, Fault

pytestmark = pytest.mark.enable_socket
Play = Callable[..., None]
CALL = Option("SPY", "20251121", 680, "C", "SMART")


async def buy(world: World, ib: Any, quantity: int = 2) -> Any:
    """Send a market order and let everything arrive."""
    (contract,) = await ib.qualifyContractsAsync(CALL)
    trade = ib.placeOrder(contract, MarketOrder("BUY", quantity, tif="DAY", orderRef="QC:1"))
    await world.settle()
    return trade


async def gone(ib: Any) -> None:
    """Wait until the client has noticed that it is cut off."""
    left = asyncio.Event()
    ib.disconnectedEvent += left.set
    if ib.isConnected():
        await asyncio.wait_for(left.wait(), 5)


def held(world: World) -> list[int]:
    return [int(p.quantity) for p in world.exchange.books.account.positions.values()]


def commissions(trade: Any) -> list[float]:
    return [fill.commissionReport.commission for fill in trade.fills]


def test_an_order_lost_on_its_way_is_nowhere(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await ib.qualifyContractsAsync(CALL)
        ib.placeOrder(CALL, MarketOrder("BUY", 1, tif="DAY"))
        await gone(ib)
        again = await world.connect()

        assert (again.trades(), held(world)) == ([], [])

    play(scenario, Fault(At.ORDER, Action.DROP))


def test_an_order_whose_answer_was_lost_is_found_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (contract,) = await ib.qualifyContractsAsync(CALL)
        trade = ib.placeOrder(contract, MarketOrder("BUY", 1, tif="DAY", orderRef="QC:1"))
        await gone(ib)
        again = await world.connect()

        assert trade.orderStatus.status == "PendingSubmit"
        assert [fill.execution.orderRef for fill in again.fills()] == ["QC:1"]
        assert held(world) == [1]

    play(scenario, Fault(At.AFTER_ORDER, Action.DROP))


def test_a_fill_can_go_untold(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await ib.qualifyContractsAsync(CALL)
        ib.placeOrder(CALL, MarketOrder("BUY", 1, tif="DAY"))
        await gone(ib)
        again = await world.connect()

        assert len(again.fills()) == len(again.positions()) == 1

    play(scenario, Fault(At.FILL, Action.DROP))


def test_the_nth_message_cuts_one_client_only(play: Play) -> None:
    async def scenario(world: World) -> None:
        one, two = await world.connect(1), await world.connect(2)
        one.client.reqCurrentTime()
        await gone(one)

        assert two.isConnected()

    # Seven requests synchronise a client: positions, orders twice, account twice, executions, time.
    play(scenario, Fault(At.MESSAGE, Action.DROP, n=7, client=1))


def test_a_stall_is_silent_and_then_all_arrives(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await ib.qualifyContractsAsync(CALL)
        ticker = ib.reqMktData(CALL)
        await world.pass_time(1)
        for _ in range(20):
            world.clock.advance(1)
            await world.server.beat()
            await asyncio.sleep(0)
            if world.server.floor.faults.is_stalled(world.clock.now()):
                break
        before = ticker.time
        asked = asyncio.ensure_future(ib.reqCurrentTimeAsync())
        await asyncio.sleep(0.02)
        assert not asked.done()
        assert (ib.isConnected(), ticker.time) == (True, before)

        world.clock.advance(30)
        await world.server.beat()
        await asyncio.wait_for(asked, 2)

    play(scenario, Fault(At.TIME, Action.STALL, after_s=5, for_s=20))


def test_a_restart_refuses_connections_and_keeps_the_books(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await buy(world, ib)
        world.clock.advance(10)
        await world.server.beat()
        await gone(ib)
        with pytest.raises(ConnectionRefusedError):
            await world.connect()
        world.clients.clear()

        world.clock.advance(60)
        await world.server.beat()
        again = await world.connect()
        assert [position.position for position in again.positions()] == [2]

    play(scenario, Fault(At.TIME, Action.REFUSE, after_s=10, for_s=60))


@pytest.mark.parametrize(("code", "streams"), [(1102, 1), (1101, 0)])
def test_an_outage_hides_fills_until_it_ends(play: Play, code: int, streams: int) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (contract,) = await ib.qualifyContractsAsync(CALL)
        ticker = ib.reqMktData(contract)
        await world.settle()
        low = LimitOrder("BUY", 1, round(ticker.ask - 0.3, 2), tif="DAY")
        trade = ib.placeOrder(contract, low)
        await world.until(lambda: held(world) == [1])
        assert (ib.errors[-1], trade.orderStatus.status) == ((-1, 1100), "Submitted")

        await world.until(lambda: (-1, code) in ib.errors)
        assert trade.orderStatus.status == "Filled"
        assert len(world.server.floor.clients[1].streams) == streams

    outage = Fault(At.TIME, Action.OUTAGE, after_s=2, for_s=20, code=code)
    play(
        scenario,
        outage,
        Fault(At.TIME, Action.JUMP, after_s=5, symbol="SPY", frac=-0.002),
        market=None,
    )


def test_orders_sent_into_an_outage_wait_for_its_end(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(2)
        trade = await buy(world, ib)
        assert (trade.orderStatus.status, held(world)) == ("PendingSubmit", [])

        await world.pass_time(12)
        assert (trade.orderStatus.status, held(world)) == ("Filled", [2])

    play(scenario, Fault(At.TIME, Action.OUTAGE, after_s=1, for_s=10))


def test_muted_data_leaves_the_connection_up(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (contract,) = await ib.qualifyContractsAsync(Stock("SPY", "SMART", "USD"))
        ticker = ib.reqMktData(contract, "233")
        await world.pass_time(6)
        before = ticker.rtTime
        await world.pass_time(10)
        assert ticker.rtTime == before

        await world.pass_time(10)
        assert ticker.rtTime > before

    play(scenario, Fault(At.TIME, Action.MUTE, after_s=5, for_s=12))


@pytest.mark.parametrize(
    ("code", "text"), [(201, "margin"), (203, "not available"), (10349, "preset")]
)
def test_an_order_can_be_refused_with_any_code(play: Play, code: int, text: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)

        assert ib.errors[-1] == (trade.order.orderId, code)
        assert held(world) == []

    play(scenario, Fault(At.ORDER, Action.REJECT, code=code, text=text))


def test_an_entry_can_fill_in_part(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib, 5)
        await world.pass_time(5)

        assert (trade.orderStatus.filled, trade.orderStatus.remaining) == (2, 3)
        ib.cancelOrder(trade.order)
        await world.settle()
        assert (trade.orderStatus.status, held(world)) == ("Cancelled", [2])

    play(scenario, Fault(At.ORDER, Action.PARTIAL, quantity=2))


def test_a_duplicate_execution_is_one_fill(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)

        assert len(trade.fills) == 1

    play(scenario, Fault(At.FILL, Action.DUPLICATE))


def test_a_commission_before_its_execution_is_lost_on_the_library(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        assert [fill.commissionReport.execId for fill in trade.fills] == [""]

        (fill,) = await ib.reqExecutionsAsync()
        assert fill.execution.execId == trade.fills[0].execution.execId
        assert commissions(trade) == [1.3]

    play(scenario, Fault(At.FILL, Action.REORDER))


def test_a_commission_can_come_late(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        assert commissions(trade) == [0.0]

        await world.pass_time(31)
        assert commissions(trade) == [1.3]

    play(scenario, Fault(At.FILL, Action.LATE_COMMISSION, for_s=30))


def test_a_correction_is_a_second_execution_with_the_next_revision(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)
        await world.pass_time(6)

        first, second = (fill.execution for fill in trade.fills)
        assert second.execId == first.execId.replace(".01.01", ".01.02")
        assert second.price == 3.0
        assert len(world.exchange.books.executions) == 1

    play(scenario, Fault(At.FILL, Action.CORRECT, for_s=5, price="3.00"))


def test_garbage_does_not_end_the_session(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(3)

        assert await ib.reqCurrentTimeAsync() == world.clock.now()

    play(scenario, Fault(At.TIME, Action.GARBAGE, after_s=1))


def test_a_swallowed_request_is_never_answered(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(ib.reqAllOpenOrdersAsync(), 0.1)

    play(scenario, Fault(At.MESSAGE, Action.SWALLOW, n=7))


@pytest.mark.parametrize("code", [2103, 2105, 2110, 1300])
def test_messages_of_the_system_reach_everybody(play: Play, code: int) -> None:
    async def scenario(world: World) -> None:
        clients = [await world.connect(1), await world.connect(2)]
        await world.pass_time(2)

        assert [ib.errors[-1] for ib in clients] == [(-1, code)] * 2

    play(scenario, Fault(At.TIME, Action.ERROR, after_s=1, code=code, text="farm"))


def test_the_brokers_clock_can_be_off(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        world.clock.advance(2)
        await world.server.beat()

        assert (await ib.reqCurrentTimeAsync() - world.clock.now()).total_seconds() == 90

    play(scenario, Fault(At.TIME, Action.SKEW, after_s=1, seconds=90))


@pytest.mark.parametrize("code", [354, 10090])
def test_data_can_be_without_subscription(play: Play, code: int) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(2)
        (contract,) = await ib.qualifyContractsAsync(Stock("SPY", "SMART", "USD"))
        ib.reqMktData(contract)
        await world.settle()

        assert ib.errors[-1][1] == code

    play(scenario, Fault(At.TIME, Action.DENY, after_s=1, symbol="SPY", code=code))


def test_a_jump_runs_through_the_stop(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (contract,) = await ib.qualifyContractsAsync(CALL)
        await buy(world, ib)
        stop = StopOrder("SELL", 2, 1.0, tif="GTC")
        trade = ib.placeOrder(contract, stop)
        await world.pass_time(6)

        assert trade.orderStatus.status == "Filled"
        assert trade.orderStatus.avgFillPrice < 0.5

    play(scenario, Fault(At.TIME, Action.JUMP, after_s=2, symbol="SPY", frac=-0.01), market=None)


@pytest.mark.parametrize("told", ["-0.35", "1.7976931348623157E308"])
def test_a_commission_can_be_told_as_anything(play: Play, told: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await buy(world, ib)

        assert commissions(trade) == [float(told)]
        assert [e.commission for e in world.exchange.books.executions] == [Decimal("1.30")]

    play(scenario, Fault(At.FILL, Action.COMMISSION, price=told))


def test_order_ids_can_be_forgotten(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await buy(world, ib)
        await world.pass_time(2)
        world.clients.clear()
        ib.disconnect()
        await asyncio.sleep(0.05)
        again = await world.connect()

        assert again.client._reqIdSeq < 20
        assert world.server.floor.faults.next_order_id(99, world.clock.now()) == 1

    play(scenario, Fault(At.TIME, Action.FORGET, after_s=1))


def test_somebody_can_trade_by_hand(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(2)

        assert [position.position for position in ib.positions()] == [3]
        (fill,) = await ib.reqExecutionsAsync()
        assert (fill.execution.orderId, fill.execution.clientId, fill.execution.orderRef) == (
            0,
            0,
            "",
        )

    play(
        scenario, Fault(At.TIME, Action.MANUAL, after_s=1, symbol="SPY251121C00680000", quantity=3)
    )


@pytest.mark.parametrize("price", ["-1", "nan", "1.7976931348623157E308"])
def test_a_wrong_price_is_told_once(play: Play, price: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (contract,) = await ib.qualifyContractsAsync(Stock("SPY", "SMART", "USD"))
        ticker = ib.reqMktData(contract, "233")
        seen: list[float] = []
        ticker.updateEvent += lambda t: seen.extend(
            tick.price for tick in t.ticks if tick.tickType == 1
        )
        await world.pass_time(3)

        assert any(not 0 < bid < 1_000 for bid in seen)
        assert 600 < ticker.bid < 800

    play(scenario, Fault(At.TIME, Action.TICK, after_s=1, symbol="SPY", price=price))


def test_live_history_dies_with_the_connectivity(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (contract,) = await ib.qualifyContractsAsync(Stock("SPY", "SMART", "USD"))
        terms = ("", "600 S", "1 min", "TRADES", True, 1, True)
        await ib.reqHistoricalDataAsync(contract, *terms)
        await world.pass_time(8)

        assert 10182 in [code for _, code in ib.errors]

    play(scenario, Fault(At.TIME, Action.OUTAGE, after_s=1, for_s=5))
