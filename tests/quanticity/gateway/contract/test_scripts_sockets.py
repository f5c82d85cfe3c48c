"""What must hold after faults of sockets, restarts, outages and answers that are missing."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from client_library import MarketOrder, StopOrder
from scenario_steps import buy, call, codes, gone, held, qualified, rest, spy, statuses, working
from simulated_world import World

pytestmark = pytest.mark.enable_socket
Play = Callable[..., None]
EVENING = datetime(2025, 11, 22, 4, 44, 50, tzinfo=UTC)  # 23:44:50 in New York


async def reconnect(world: World, client_id: int = 1) -> Any:
    """Connect anew; the client before is forgotten."""
    world.clients.clear()
    return await world.connect(client_id)


async def after(world: World, seconds: float) -> None:
    """Let time pass without asking the clients whether they have heard."""
    world.clock.advance(seconds)
    await world.server.beat()


def test_an_order_lost_on_its_way_is_nowhere(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await qualified(ib, call())
        ib.placeOrder(call(), MarketOrder("BUY", 1, tif="DAY"))
        await gone(ib)
        again = await reconnect(world)

        assert (again.trades(), held(world)) == ([], [])

    play(scenario, "order_lost")


def test_an_order_whose_answer_was_lost_is_found_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        trade = ib.placeOrder(contract, MarketOrder("BUY", 1, tif="DAY", orderRef="QC:1"))
        await gone(ib)
        again = await reconnect(world)

        assert trade.orderStatus.status == "PendingSubmit"
        assert [fill.execution.orderRef for fill in again.fills()] == ["QC:1"]
        assert held(world) == [1]

    play(scenario, "answer_lost")


def test_a_fill_can_go_untold(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await qualified(ib, call())
        ib.placeOrder(call(), MarketOrder("BUY", 1, tif="DAY"))
        await gone(ib)
        again = await reconnect(world)

        assert len(again.fills()) == len(again.positions()) == 1

    play(scenario, "fill_untold")


def test_the_nth_message_cuts_one_client_only(play: Play) -> None:
    async def scenario(world: World) -> None:
        one, two = await world.connect(1), await world.connect(2)
        one.client.reqCurrentTime()
        await gone(one)

        assert two.isConnected()

    # Six requests synchronise a client: positions, orders twice, account twice, executions.
    play(scenario, "one_client_cut")


def test_a_stall_is_silent_and_then_all_arrives(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        ticker = ib.reqMktData(contract)
        await world.pass_time(1)
        while not world.server.floor.faults.is_stalled(world.clock.now()):
            await after(world, 1)
            await asyncio.sleep(0)
        before = ticker.time
        asked = asyncio.ensure_future(ib.reqCurrentTimeAsync())
        await asyncio.sleep(0.02)
        assert not asked.done()
        assert (ib.isConnected(), ticker.time) == (True, before)

        await after(world, 30)
        await asyncio.wait_for(asked, 2)

    play(scenario, "stall")


def test_a_restart_refuses_connections_and_keeps_the_books(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await buy(world, ib)
        await after(world, 10)
        await gone(ib)
        with pytest.raises(ConnectionRefusedError):
            await reconnect(world)

        await after(world, 60)
        again = await reconnect(world)
        assert [position.position for position in again.positions()] == [2]

    play(scenario, "restart")


def test_ids_forgotten_by_a_restart_are_duplicates_when_used(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        first = await buy(world, ib)
        await after(world, 2)
        await gone(ib)
        await after(world, 6)
        again = await reconnect(world)
        assert world.server.floor.faults.next_order_id(99, world.clock.now()) == 1

        order = MarketOrder("SELL", 1, tif="DAY", orderId=first.order.orderId)
        contract = await qualified(again, call())
        again.client.placeOrder(order.orderId, contract, order)
        await world.settle()
        assert codes(again)[-1] in {103, 104}
        assert held(world) == [2]

    play(scenario, "restart_forgets_ids")


def test_a_nightly_restart_keeps_position_and_stop(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        monday = await qualified(ib, type(call())("SPY", "20251124", 680, "C", "SMART"))
        world.exchange.books.account.book(monday.conId, 2, 3, 1)
        ib.placeOrder(monday, StopOrder("SELL", 2, 0.5, tif="GTC", orderRef="QC:S"))
        await world.settle()
        await after(world, 20)
        await gone(ib)
        with pytest.raises(ConnectionRefusedError):
            await reconnect(world)

        await after(world, 300)
        again = await reconnect(world)
        assert [p.position for p in again.positions()] == [2]
        assert [(t.order.orderRef, t.orderStatus.status) for t in again.trades()] == [
            ("QC:S", "PreSubmitted")
        ]

    play(scenario, "nightly_restart", at=EVENING)


@pytest.mark.parametrize(
    ("script", "code", "streams"),
    [("outage_data_kept", 1102, 1), ("outage_data_lost", 1101, 0)],
)
def test_an_outage_hides_fills_until_it_ends(
    play: Play, script: str, code: int, streams: int
) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = ib.reqMktData(await qualified(ib, call()))
        await world.settle()
        trade = await rest(world, ib, round(ticker.ask - 0.3, 2))
        await world.until(lambda: held(world) == [1])
        assert (ib.errors[-1], trade.orderStatus.status) == ((-1, 1100), "Submitted")

        await world.until(lambda: (-1, code) in ib.errors)
        assert trade.orderStatus.status == "Filled"
        assert len(world.server.floor.clients[1].streams) == streams

    play(scenario, script, market=None)


def test_orders_sent_into_an_outage_wait_for_its_end(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(2)
        trade = await buy(world, ib)
        assert (trade.orderStatus.status, held(world)) == ("PendingSubmit", [])

        await world.pass_time(12)
        assert (trade.orderStatus.status, held(world)) == ("Filled", [2])

    play(scenario, "outage_holds_orders")


def test_live_history_dies_with_the_connectivity(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        terms = ("", "600 S", "1 min", "TRADES", True, 1, True)
        await ib.reqHistoricalDataAsync(await qualified(ib, spy()), *terms)
        await world.pass_time(8)

        assert 10182 in codes(ib)

    play(scenario, "history_dies")


def test_a_revision_in_an_outage_can_become_a_twin(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await rest(world, ib, 0.05)
        await world.pass_time(3)
        trade.order.lmtPrice = 0.06
        ib.placeOrder(trade.contract, trade.order)
        await world.pass_time(8)
        orders = [t.order for t in await ib.reqAllOpenOrdersAsync()]

        assert [order.orderRef for order in orders] == ["QC:2", "QC:2"]
        assert len({order.permId for order in orders}) == 2
        assert sorted(float(order.limit) for order in working(world)) == [0.05, 0.06]

    play(scenario, "twin_after_outage")


def test_garbage_does_not_end_the_session(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(3)

        assert await ib.reqCurrentTimeAsync() == world.clock.now()

    play(scenario, "garbage")


def test_a_false_length_makes_the_socket_mute_for_ever(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await after(world, 2)
        asked = asyncio.ensure_future(ib.reqCurrentTimeAsync())
        await asyncio.sleep(0.05)
        assert (ib.isConnected(), asked.done()) == (True, False)

        asked.cancel()
        ib.disconnect()
        again = await reconnect(world)
        assert again.isConnected()

    play(scenario, "false_length")


def test_a_cut_within_a_message_is_a_cut(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await after(world, 2)
        await gone(ib)

        assert (await reconnect(world)).isConnected()

    play(scenario, "half_frame")


def test_a_half_open_connection_keeps_its_client_id(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await after(world, 2)
        await gone(ib)
        with pytest.raises((ConnectionError, asyncio.TimeoutError)):
            await world.connect(1, patience=0.3)
        assert 326 in codes(world.clients[-1])
        assert (await reconnect(world, 2)).isConnected()

        await after(world, 30)
        assert (await reconnect(world, 1)).isConnected()

    play(scenario, "half_open")


def test_a_swallowed_request_is_never_answered(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(ib.reqAllOpenOrdersAsync(), 0.1)
        assert await ib.reqCurrentTimeAsync() == world.clock.now()

    play(scenario, "swallowed")


def test_a_list_of_orders_can_stay_without_its_end(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await rest(world, ib)
        await after(world, 2)
        asked = asyncio.ensure_future(ib.reqAllOpenOrdersAsync())
        assert await ib.reqCurrentTimeAsync() == world.clock.now()
        assert not asked.done()

        asked.cancel()

    play(scenario, "open_orders_end_missing")


def test_a_list_of_positions_can_stay_without_its_end(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await after(world, 2)
        asked = asyncio.ensure_future(ib.reqPositionsAsync())
        assert await ib.reqCurrentTimeAsync() == world.clock.now()
        assert not asked.done()

        asked.cancel()

    play(scenario, "positions_end_missing")


def test_a_broken_farm_is_told_to_everybody(play: Play) -> None:
    async def scenario(world: World) -> None:
        clients = [await world.connect(1), await world.connect(2)]
        await world.pass_time(2)
        assert [ib.errors[-1] for ib in clients] == [(-1, 2103)] * 2

        await world.pass_time(3)
        assert [ib.errors[-1] for ib in clients] == [(-1, 2104)] * 2

    play(scenario, "farm_broken")


def test_the_brokers_clock_can_be_off(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await after(world, 2)

        assert (await ib.reqCurrentTimeAsync() - world.clock.now()).total_seconds() == 90

    play(scenario, "clock_skew")


def test_a_lost_cancellation_leaves_the_order_working(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = await rest(world, ib)
        ib.cancelOrder(trade.order)
        await gone(ib)
        again = await reconnect(world)

        assert statuses(again.trades()) == ["Submitted"]

    play(scenario, "cancel_lost")
