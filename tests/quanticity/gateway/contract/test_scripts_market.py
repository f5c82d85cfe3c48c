"""What must hold after faults of market data and of the market."""

import math
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from client_library import MarketOrder
from scenario_steps import call, codes, held, qualified, spy
from simulated_world import World

pytestmark = pytest.mark.enable_socket
Play = Callable[..., None]
QUARTER = timedelta(minutes=15)


async def watch(ib: Any, contract: Any, generics: str = "233") -> Any:
    """Live quotes of a contract; `seen` keeps every tick as (type, price, size)."""
    ticker = ib.reqMktData(await qualified(ib, contract), generics)
    ib.seen = []
    ticker.updateEvent += lambda t: ib.seen.extend(
        (tick.tickType, tick.price, tick.size) for tick in t.ticks
    )
    return ticker


def test_muted_data_leaves_the_connection_up(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, spy())
        await world.pass_time(6)
        before = ticker.rtTime
        await world.pass_time(10)
        assert ticker.rtTime == before

        await world.pass_time(10)
        assert ticker.rtTime > before

    play(scenario, "muted")


def test_data_without_subscription_ends_and_is_refused(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, spy())
        await world.pass_time(2)
        before = ticker.time
        await world.pass_time(3)
        assert (codes(ib)[-1], ticker.time) == (354, before)

        ib.reqMktData(await qualified(ib, call()))
        await world.settle()
        assert codes(ib)[-2:] == [354, 354]
        assert world.server.floor.clients[1].streams == {}

    play(scenario, "no_subscription")


def test_delayed_data_is_marked_and_a_quarter_of_an_hour_old(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await world.pass_time(2)
        stock = await watch(ib, spy())
        option = ib.reqMktData(await qualified(ib, call()))
        await world.pass_time(2)
        before = world.exchange.market.top("SPY", world.clock.now() - QUARTER)

        assert codes(ib).count(10167) == 2
        assert (stock.marketDataType, option.marketDataType) == (3, 3)
        assert (stock.bid, stock.ask) == (before.bid, before.ask)
        assert option.ask > 0

    play(scenario, "delayed")


def test_a_wish_for_delayed_data_is_heard_where_live_data_is_refused(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.reqMarketDataType(3)
        await world.pass_time(2)
        ticker = await watch(ib, spy())
        await world.pass_time(1)

        assert (codes(ib)[-1], ticker.marketDataType) == (10167, 3)

    play(scenario, "no_subscription")


def test_a_competing_session_takes_the_data_for_a_while(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        await watch(ib, spy())
        await world.pass_time(3)
        assert codes(ib)[-1] == 10197
        assert world.server.floor.clients[1].streams == {}

        await world.pass_time(20)
        ticker = await watch(ib, spy())
        await world.pass_time(1)
        assert ticker.bid > 0

    play(scenario, "competing_session")


@pytest.mark.parametrize(("script", "kind", "seconds"), [("halt", 1, 30), ("luld", 2, 300)])
def test_a_halted_stock_stands_still(play: Play, script: str, kind: int, seconds: int) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, spy())
        contract = await qualified(ib, call())
        await world.pass_time(3)
        assert ticker.halted == kind
        prints = ticker.rtTime
        trade = ib.placeOrder(contract, MarketOrder("BUY", 1, tif="DAY"))
        shown = (ticker.bid, ticker.ask)
        await world.pass_time(seconds - 5, step=5)
        assert (ticker.rtTime, (ticker.bid, ticker.ask)) == (prints, shown)
        assert (trade.fills, held(world)) == ([], [])

        await world.pass_time(10)
        assert (ticker.halted, trade.orderStatus.status) == (0, "Filled")
        assert ticker.rtTime > prints

    play(scenario, script, market=None)


def test_quotes_can_be_crossed_for_a_while(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, spy())
        await world.pass_time(3)
        assert ticker.bid - ticker.ask == pytest.approx(0.05)

        await world.pass_time(12)
        assert ticker.bid < ticker.ask

    play(scenario, "crossed")


@pytest.mark.parametrize(("script", "apart"), [("locked", 0.0), ("wide", 2.0)])
def test_an_option_can_be_locked_or_wide(play: Play, script: str, apart: float) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, call())
        await world.pass_time(3)
        assert ticker.ask - ticker.bid == pytest.approx(apart)

        await world.pass_time(12)
        assert 0 < ticker.ask - ticker.bid < 0.2

    play(scenario, script)


def test_a_bad_print_is_told_once_and_moves_no_quote(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, spy())
        ticks = ib.reqTickByTickData(await qualified(ib, spy()), "AllLast")
        all_prints: list[float] = []
        ticks.updateEvent += lambda t: all_prints.extend(one.price for one in t.tickByTicks)
        await world.pass_time(4)

        assert [price for kind, price, _ in ib.seen if kind == 48].count(600.0) == 1
        assert all_prints.count(600.0) == 1
        assert min(ticker.bid, ticker.ask, ticker.last) > 650

    play(scenario, "bad_print")


@pytest.mark.parametrize("script", ["wrong_price", "wrong_price_nan", "wrong_price_unset"])
def test_a_wrong_price_is_told_once(play: Play, script: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, spy())
        await world.pass_time(3)
        bids = [price for kind, price, _ in ib.seen if kind == 1]

        assert len([bid for bid in bids if not 0 < bid < 1_000]) == 1
        assert 600 < ticker.bid < 800

    play(scenario, script)


def test_a_wrong_size_is_told_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, spy())
        await world.pass_time(3)

        assert -5 in [size for kind, _, size in ib.seen if kind == 0]
        assert ticker.bidSize > 0

    play(scenario, "wrong_size")


def test_a_wrong_greek_is_told_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = await watch(ib, call())
        deltas: list[float] = []
        ticker.updateEvent += lambda t: deltas.append(t.modelGreeks.delta)
        await world.pass_time(3)

        assert any(delta is None or math.isnan(delta) for delta in deltas)
        assert 0 < ticker.modelGreeks.delta < 1

    play(scenario, "wrong_greek")


def test_shuffled_data_is_complete_but_out_of_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticks = ib.reqTickByTickData(await qualified(ib, spy()), "AllLast")
        told: list[Any] = []
        ticks.updateEvent += lambda t: told.extend(t.tickByTicks)
        await world.pass_time(2)
        told.clear()
        after = world.clock.now()
        await world.pass_time(8, step=4)
        true = world.exchange.market.prints("SPY", after, world.clock.now())
        prices, right = [one.price for one in told], [one.price for one in true]

        assert Counter(prices) == Counter(right + right)
        assert prices[::2] != right

    play(scenario, "shuffled")


def test_a_book_is_emptied_and_told_anew(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = ib.reqMktDepth(await qualified(ib, spy()), 5)
        await world.pass_time(3)

        assert 317 in codes(ib)
        assert (len(ticker.domBids), len(ticker.domAsks)) == (5, 5)

    play(scenario, "depth_reset")
