"""An unmodified client library against the simulated exchange, over a real socket."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from client_library import (
    IB,
    LIBRARY,
    ContractDetails,
    ExecutionFilter,
    Index,
    LimitOrder,
    MarketOrder,
    Option,
    Order,
    ScannerSubscription,
    Stock,
)
from scenario_steps import bracket
from simulated_world import MORNING, World

from quanticity.domain import calendar

pytestmark = pytest.mark.enable_socket
Play = Callable[..., None]


def spy() -> Stock:
    return Stock("SPY", "SMART", "USD")


def call(strike: int = 680) -> Option:
    return Option("SPY", "20251121", strike, "C", "SMART")


async def qualified(ib: Any, contract: Any) -> Any:
    (found,) = await ib.qualifyContractsAsync(contract)
    return found


def statuses(trades: list[Any]) -> list[str]:
    return [trade.orderStatus.status for trade in trades]


# Connecting


def test_a_client_connects_and_synchronises(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()

        assert ib.managedAccounts() == ["DU1000001"]
        values = {v.tag: v.value for v in ib.accountValues()}
        cash = f"{world.exchange.books.account.cash:.2f}"
        assert values["NetLiquidation"] == values["AvailableFunds"] == cash
        assert {code for _, code in ib.errors} == {2104, 2106, 2158}
        assert await ib.reqCurrentTimeAsync() == MORNING

    play(scenario)


def test_a_client_id_is_used_once_at_a_time(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.connect(7)
        with pytest.raises((asyncio.TimeoutError, ConnectionError)):
            await world.connect(7, patience=0.3)
        world.clients.pop()

        assert list(world.server.floor.clients) == [7]

    play(scenario)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"API\0\xff\xff\xff\xff", b"API\0\0\0\0\5v1..2\0"]
)
def test_who_does_not_speak_the_protocol_is_cut_off(play: Play, data: bytes) -> None:
    async def scenario(world: World) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        writer.write(data)

        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        assert (await world.connect()).isConnected()

    play(scenario)


def test_two_clients_have_ids_of_their_own(play: Play) -> None:
    async def scenario(world: World) -> None:
        one, two = await world.connect(1), await world.connect(2)
        contract = await qualified(one, call())
        one.placeOrder(contract, LimitOrder("BUY", 1, 0.05, tif="DAY"))
        await world.settle()

        assert world.exchange.books.next_order_id(2) == 1
        assert two.trades() == []
        assert len(await two.reqAllOpenOrdersAsync()) == 1
        assert len(await two.reqOpenOrdersAsync()) == 0

    play(scenario)


# Contracts


def test_a_full_option_is_one_contract(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (found,) = await ib.reqContractDetailsAsync(call())

        assert isinstance(found, ContractDetails)
        assert found.contract.localSymbol == "SPY   251121C00680000"
        assert (found.contract.multiplier, found.underConId, found.minTick) == ("100", 756733, 0.01)
        assert found.liquidHours.startswith("20251121:0930-20251121:1600;20251122:CLOSED")
        (rule,) = await ib.reqMarketRuleAsync(int(found.marketRuleIds.split(",")[0]))
        assert rule.increment == 0.01

    play(scenario)


def test_options_of_funds_trade_longer_but_on_their_last_day(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        monday = Option("SPY", "20251124", 680, "C", "SMART")
        (found,) = await ib.reqContractDetailsAsync(monday)

        hours = found.liquidHours.split(";")
        assert hours[0] == "20251121:0930-20251121:1615"
        assert hours[3] == "20251124:0930-20251124:1600"

    play(scenario)


def test_a_partial_option_is_many(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        found = await ib.reqContractDetailsAsync(
            Option("SPY", "20251121", right="P", exchange="SMART")
        )

        assert len(found) > 150
        assert {details.contract.right for details in found} == {"P"}

    play(scenario)


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param(Stock("NONE", "SMART", "USD"), id="symbol"),
        pytest.param(Option("SPY", "20251121", 680.3, "C", "SMART"), id="strike"),
        pytest.param(Option("SPY", "20251120", 680, "C", "SMART"), id="expired"),
    ],
)
def test_what_is_not_listed_is_error_200(play: Play, contract: Any) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()

        assert await ib.reqContractDetailsAsync(contract) == []
        assert ib.errors[-1][1] == 200

    play(scenario)


def test_a_chain_lists_expiries_and_strikes(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        chains = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 756733)
        smart = next(chain for chain in chains if chain.exchange == "SMART")

        assert smart.expirations[:2] == ["20251121", "20251124"]
        assert 680.0 in smart.strikes
        assert (smart.tradingClass, smart.multiplier) == ("SPY", "100")

    play(scenario)


# Market data


def test_a_stock_streams_quotes_and_prints(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = ib.reqMktData(await qualified(ib, spy()), "100,101,106,225,233")
        prints: list[float] = []
        ticker.updateEvent += lambda t: prints.extend(
            tick.size for tick in t.ticks if tick.tickType == 48
        )
        await world.pass_time(10)

        top = world.server.floor.market.top("SPY", world.clock.now())
        assert (ticker.bid, ticker.ask, ticker.bidSize) == (top.bid, top.ask, top.bid_size)
        assert ticker.rtVolume == ticker.volume
        assert ticker.callOpenInterest > 1e6
        expected = world.server.floor.market.prints("SPY", MORNING, world.clock.now())
        assert sum(prints) == sum(trade.size for trade in expected)

    play(scenario)


def test_an_option_streams_quotes_interest_and_greeks(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = ib.reqMktData(await qualified(ib, call()), "100,101,106,233")
        await world.pass_time(5)

        assert 0 < ticker.ask - ticker.bid <= 0.04 + 1e-9
        assert ticker.callOpenInterest > 1_000
        assert ticker.modelGreeks.delta == pytest.approx(0.57, abs=0.08)
        assert (
            ticker.bidGreeks.impliedVol
            < ticker.modelGreeks.impliedVol
            < ticker.askGreeks.impliedVol
        )
        assert ticker.modelGreeks.undPrice == pytest.approx(
            world.server.floor.market.spot("SPY", world.clock.now())
        )

    play(scenario)


def test_an_index_has_a_level_and_no_sides(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        names = ("SPX", "VIX", "VIX1D")
        tickers = [ib.reqMktData(await qualified(ib, Index(name, "CBOE"))) for name in names]
        await world.pass_time(1)

        assert [ticker.bid for ticker in tickers] == [-1.0] * 3
        assert all(ticker.last > 5 for ticker in tickers)

    play(scenario)


def test_a_snapshot_ends(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (ticker,) = await ib.reqTickersAsync(await qualified(ib, call()))

        assert ticker.bid < ticker.ask
        assert ticker.modelGreeks is not None
        assert world.server.floor.clients[1].streams == {}

    play(scenario)


def test_depth_follows_the_book(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = ib.reqMktDepth(await qualified(ib, spy()), 10, isSmartDepth=True)
        await world.pass_time(20)

        bids, asks = world.server.floor.market.book("SPY", world.clock.now())
        assert [(r.price, r.size, r.marketMaker) for r in ticker.domBids] == [
            (r.price, r.size, r.venue) for r in bids
        ]
        assert [(r.price, r.size, r.marketMaker) for r in ticker.domAsks] == [
            (r.price, r.size, r.venue) for r in asks
        ]

    play(scenario)


def test_a_fourth_book_is_too_many(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        for _ in range(4):
            ib.reqMktDepth(await qualified(ib, spy()), 10, isSmartDepth=True)
        await world.settle()

        assert ib.errors[-1][1] == 309

    play(scenario)


def test_lines_are_limited(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        details = await ib.reqContractDetailsAsync(
            Option("SPY", "20251121", right="C", exchange="SMART")
        )
        for found in details[:101]:
            ib.reqMktData(found.contract)
        await world.settle()

        assert [code for _, code in ib.errors if code < 2000] == [101]

    play(scenario)


@pytest.mark.parametrize(
    ("generics", "code"),
    [pytest.param("999", 321, id="unknown tick"), pytest.param("233", None, id="known")],
)
def test_unknown_generic_ticks_are_refused(play: Play, generics: str, code: int | None) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.reqMktData(await qualified(ib, spy()), generics)
        await world.settle()

        assert [c for _, c in ib.errors if c < 2000] == [c for c in [code] if c]

    play(scenario)


@pytest.mark.parametrize("kind", ["Last", "AllLast"])
def test_tick_by_tick_has_every_print(play: Play, kind: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticker = ib.reqTickByTickData(await qualified(ib, spy()), kind)
        seen: list[tuple[float, float]] = []
        ticker.updateEvent += lambda t: seen.extend(
            (tick.price, tick.size) for tick in t.tickByTicks
        )
        await world.pass_time(5)

        expected = world.server.floor.market.prints("SPY", MORNING, world.clock.now())
        assert seen == [(trade.price, trade.size) for trade in expected] != []

    play(scenario)


def test_tick_by_tick_of_an_option_is_refused(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.reqTickByTickData(await qualified(ib, call()), "Last")
        await world.settle()

        assert ib.errors[-1][1] == 10189

    play(scenario)


def test_five_second_bars_come_on_time(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        bars = ib.reqRealTimeBars(await qualified(ib, spy()), 5, "TRADES", useRTH=False)
        await world.pass_time(31)

        starts = [bar.time for bar in bars]
        assert starts == [
            datetime(2025, 11, 21, 15, 4, 5, tzinfo=UTC) + timedelta(seconds=5 * n)
            for n in range(6)
        ]
        assert all(bar.low <= bar.wap <= bar.high and bar.volume > 0 for bar in bars)

    play(scenario)


@pytest.mark.parametrize(
    ("duration", "size", "count"),
    [
        ("1 D", "1 min", 35),
        ("2 D", "5 mins", 78 + 7),
        ("20 D", "1 day", 20),
        ("1800 S", "1 min", 30),
    ],
)
def test_history_has_its_bars(play: Play, duration: str, size: str, count: int) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        bars = await ib.reqHistoricalDataAsync(
            await qualified(ib, spy()), "", duration, size, "TRADES", useRTH=True
        )

        assert len(bars) == count
        assert all(b.low <= b.open <= b.high and b.low <= b.close <= b.high for b in bars)

    play(scenario)


def test_history_is_paced(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        for _ in range(2):
            await ib.reqHistoricalDataAsync(spy(), "", "1 D", "1 min", "TRADES", useRTH=True)

        assert ib.errors[-1][1] == 162

    play(scenario)


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"])
def test_an_option_has_history(play: Play, what: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        bars = await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 min", what, True, 2)

        assert len(bars) == 35
        assert all(bar.low <= min(bar.open, bar.close) <= bar.high for bar in bars)
        assert 0 < bars[-1].close < 40

    play(scenario)


@pytest.mark.parametrize("what", ["OPTION_IMPLIED_VOLATILITY", "HISTORICAL_VOLATILITY"])
def test_a_stock_has_a_history_of_volatility(play: Play, what: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, spy())
        bars = await ib.reqHistoricalDataAsync(contract, "", "1 Y", "1 day", what, True, 2)

        assert len(bars) == 252
        assert all(0.03 < bar.close < 0.6 for bar in bars)

    play(scenario)


def test_a_bar_of_both_sides_spans_them(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, spy())
        (bar, *_) = await ib.reqHistoricalDataAsync(
            contract, "", "1 D", "5 mins", "BID_ASK", True, 2
        )
        tape = world.exchange.market.tapes.at("SPY", world.clock.now())

        assert (bar.high, bar.low) == (max(tape.ask[:300]), min(tape.bid[:300]))
        assert bar.open == pytest.approx(tape.bid[:300].mean(), abs=1e-4)
        assert bar.close == pytest.approx(tape.ask[:300].mean(), abs=1e-4)

    play(scenario)


def test_five_second_bars_are_paced(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, spy())
        for _ in range(61):
            ib.cancelRealTimeBars(ib.reqRealTimeBars(contract, 5, "TRADES", True))
            await asyncio.sleep(0.025)
        await world.settle()

        assert [code for _, code in ib.errors if code == 420] == [420]

    play(scenario)


def test_five_history_requests_of_a_kind_in_two_seconds_are_the_most(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, spy())
        for days in range(1, 7):
            await ib.reqHistoricalDataAsync(contract, "", f"{days} D", "1 day", "TRADES", True, 2)

        assert [code for _, code in ib.errors if code == 162] == [162]

    play(scenario)


@pytest.mark.parametrize("version", [157, 159, 162, 166, 170, 175, 176])
def test_every_server_version_is_understood(play: Play, version: int) -> None:
    async def scenario(world: World) -> None:
        ib = IB()
        ib.client.MaxClientVersion = version
        world.clients.append(ib)
        await ib.connectAsync("127.0.0.1", world.server.port, 1)
        trades = await bracket(ib, 1, 50.0, 60.0, 0.5)
        await world.settle()
        assert ib.client.serverVersion() == version
        assert statuses(trades) == ["Filled", "Submitted", "PreSubmitted"]

        ended = await ib.reqCompletedOrdersAsync(False)
        (fill,) = await ib.reqExecutionsAsync()
        assert [trade.order.orderRef for trade in ended] == ["QC:E"]
        assert fill.execution.orderRef == "QC:E"

    play(scenario)


@pytest.mark.skipif(LIBRARY == "ib_insync", reason="ib_insync ends at version 176")
@pytest.mark.parametrize("version", [177, 178])
def test_the_newest_server_versions_are_understood(play: Play, version: int) -> None:
    test_every_server_version_is_understood(play, version)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        pytest.param(
            lambda ib: ib.reqScannerDataAsync(
                ScannerSubscription("STK", "STK.US", "TOP_PERC_GAIN")
            ),
            {162},
            id="scanner",
        ),
        pytest.param(lambda ib: ib.reqScannerParametersAsync(), set(), id="scanner parameters"),
        pytest.param(
            lambda ib: ib.reqFundamentalDataAsync(spy(), "ReportSnapshot"), {430}, id="fundamentals"
        ),
        pytest.param(lambda ib: ib.reqNewsProvidersAsync(), set(), id="news providers"),
        pytest.param(lambda ib: ib.reqNewsArticleAsync("BRFG", "1"), {10276}, id="news article"),
        pytest.param(
            lambda ib: ib.reqHistoricalNewsAsync(756733, "BRFG", "", "", 10), {10276}, id="news"
        ),
        pytest.param(lambda ib: ib.reqUserInfoAsync(), set(), id="user info"),
        pytest.param(lambda ib: ib.getWshMetaDataAsync(), {10276}, id="calendar of events"),
    ],
)
def test_what_is_not_offered_is_refused_and_keeps_nobody_waiting(
    play: Play, ask: Callable[[Any], Any], code: set[int]
) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.errors.clear()
        await asyncio.wait_for(ask(ib), 5)

        assert {code for _, code in ib.errors} == code

    play(scenario)


@pytest.mark.parametrize("number", ["999", "abc", "", "²"])
def test_an_unknown_message_is_refused_and_the_next_one_is_answered(
    play: Play, number: str
) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.errors.clear()
        ib.client.send(number, 1, "x")

        assert await ib.reqCurrentTimeAsync() == MORNING
        assert ib.errors == [(-1, 505)]

    play(scenario)


def test_history_can_be_kept_up_to_date(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        bars = await ib.reqHistoricalDataAsync(
            spy(), "", "600 S", "1 min", "TRADES", useRTH=True, keepUpToDate=True
        )
        before = len(bars)
        await world.pass_time(120, step=5)

        assert len(bars) == before + 2

    play(scenario)


# Orders


def test_a_bracket_goes_from_entry_to_stop(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (ticker,) = await ib.reqTickersAsync(await qualified(ib, call()))
        trades = await bracket(ib, 3, ticker.ask, 9.0, 0.05)
        await world.settle()
        assert statuses(trades) == ["Filled", "Submitted", "PreSubmitted"]
        assert trades[2].orderStatus.whyHeld == "trigger"

        trades[2].order.auxPrice, trades[2].order.ocaGroup = 5.0, ""
        ib.placeOrder(trades[2].contract, trades[2].order)
        await world.pass_time(3)

        assert statuses(trades) == ["Filled", "Cancelled", "Filled"]
        assert ib.positions() == []
        fills = [fill for trade in trades for fill in trade.fills]
        assert [fill.commissionReport.commission for fill in fills] == [1.95, 1.95]
        assert fills[1].commissionReport.realizedPNL < 0

    play(scenario)


def test_a_fill_carries_time_reference_and_ids(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = ib.placeOrder(
            await qualified(ib, call()), MarketOrder("BUY", 1, tif="DAY", orderRef="QC:1")
        )
        await world.settle()

        (fill,) = trade.fills
        assert fill.execution.time == MORNING
        assert (fill.execution.orderRef, fill.execution.permId) == (
            "QC:1",
            trade.orderStatus.permId,
        )
        assert fill.execution.execId.endswith(".01")
        (position,) = ib.positions()
        assert position.avgCost == pytest.approx(fill.execution.price * 100 + 1.0)

    play(scenario)


def test_a_reconnect_finds_orders_fills_and_positions(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (ticker,) = await ib.reqTickersAsync(await qualified(ib, call()))
        await bracket(ib, 2, ticker.ask, 9.0, 0.05)
        await world.settle()
        ib.disconnect()
        await asyncio.sleep(0.05)
        again = await world.connect()

        assert sorted(trade.order.orderRef for trade in again.openTrades()) == ["QC:S", "QC:T"]
        assert [fill.execution.orderRef for fill in again.fills()] == ["QC:E"]
        assert [position.position for position in again.positions()] == [2]
        assert again.client.getReqId() > 3
        assert again.fills()[0].commissionReport.commission == 1.3

    play(scenario)


def test_what_was_not_transmitted_dies_with_its_client(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.placeOrder(await qualified(ib, call()), MarketOrder("BUY", 1, tif="DAY", transmit=False))
        await world.settle()
        ib.disconnect()
        await asyncio.sleep(0.05)
        again = await world.connect()
        await world.pass_time(2)

        assert (again.trades(), again.positions()) == ([], [])

    play(scenario)


@pytest.mark.parametrize(
    ("order", "code", "status"),
    [
        pytest.param(LimitOrder("BUY", 1, 2.015, tif="DAY"), 110, "PendingSubmit", id="tick"),
        pytest.param(MarketOrder("SELL", 1, tif="DAY"), 201, "Inactive", id="uncovered"),
        pytest.param(
            Order(action="BUY", totalQuantity=1, orderType="PEG", tif="DAY"),
            387,
            "Cancelled",
            id="type",
        ),
    ],
)
def test_refusals_have_their_codes(play: Play, order: Any, code: int, status: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = ib.placeOrder(await qualified(ib, call()), order)
        await world.settle()

        assert ib.errors[-1] == (trade.order.orderId, code)
        assert trade.orderStatus.status in {status, "Cancelled"}

    play(scenario)


def test_a_cancel_is_confirmed(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        trade = ib.placeOrder(await qualified(ib, call()), LimitOrder("BUY", 1, 0.05, tif="DAY"))
        await world.settle()
        ib.cancelOrder(trade.order)
        await world.settle()

        assert trade.orderStatus.status == "Cancelled"
        assert ib.errors[-1] == (trade.order.orderId, 202)

    play(scenario)


def test_a_what_if_tells_the_margin(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        state = await ib.whatIfOrderAsync(
            await qualified(ib, call()), LimitOrder("BUY", 2, 2.0, tif="DAY")
        )

        change = float(state.equityWithLoanAfter) - float(state.equityWithLoanBefore)
        assert change == pytest.approx(-400 - 1.3)
        assert state.commission == 1.3
        assert world.exchange.books.orders == {}

    play(scenario)


def test_completed_orders_keep_reference_and_perm_id(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.placeOrder(
            await qualified(ib, call()), MarketOrder("BUY", 1, tif="DAY", orderRef="QC:1")
        )
        await world.settle()
        two = await world.connect(2)
        (trade,) = await two.reqCompletedOrdersAsync(False)

        assert (trade.order.orderRef, trade.order.filledQuantity) == ("QC:1", 1)
        assert trade.order.permId in world.exchange.books.orders

    play(scenario)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (ExecutionFilter(), 1),
        (ExecutionFilter(clientId=2), 0),
        (ExecutionFilter(symbol="QQQ"), 0),
        (ExecutionFilter(time="20251121 11:00:00"), 0),
        (ExecutionFilter(side="BUY"), 1),
    ],
)
def test_executions_are_filtered(play: Play, wanted: ExecutionFilter, count: int) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.placeOrder(await qualified(ib, call()), MarketOrder("BUY", 1, tif="DAY"))
        await world.settle()

        assert len(await ib.reqExecutionsAsync(wanted)) == count

    play(scenario)


def test_account_values_follow_a_fill(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ib.placeOrder(await qualified(ib, call()), MarketOrder("BUY", 1, tif="DAY"))
        pnl = ib.reqPnL("DU1000001")
        await world.pass_time(2)

        cash = world.exchange.books.account.cash
        assert f"{cash:.2f}" in {v.value for v in ib.accountValues() if v.tag == "TotalCashValue"}
        assert [item.position for item in ib.portfolio()] == [1]
        assert pnl.dailyPnL == pytest.approx(pnl.unrealizedPnL)

    play(scenario)


def test_positions_are_told_to_every_client(play: Play) -> None:
    async def scenario(world: World) -> None:
        one, two = await world.connect(1), await world.connect(2)
        one.placeOrder(await qualified(one, call()), MarketOrder("BUY", 1, tif="DAY"))
        await world.settle()

        assert [position.position for position in two.positions()] == [1]
        assert two.fills() == []

    play(scenario)


def test_a_summary_has_what_was_asked_for(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        found = {value.tag for value in await ib.accountSummaryAsync()}

        assert {"NetLiquidation", "BuyingPower", "AvailableFunds", "TotalCashValue"} <= found

    play(scenario)


# Studies


def test_price_and_volatility_are_each_others_inverse(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        contract = await qualified(ib, call())
        priced = await ib.calculateOptionPriceAsync(contract, 0.25, 681.0)
        solved = await ib.calculateImpliedVolatilityAsync(contract, priced.optPrice, 681.0)

        assert solved.impliedVol == pytest.approx(0.25, abs=1e-4)
        assert 0.5 < priced.delta < 0.7

    play(scenario)


@pytest.mark.parametrize("what", ["TRADES", "BID_ASK"])
def test_past_ticks_can_be_asked_for(play: Play, what: str) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        ticks = await ib.reqHistoricalTicksAsync(
            spy(), "20251121 10:00:00", "", 50, what, useRth=True
        )

        assert len(ticks) == 50
        assert ticks[0].time >= datetime(2025, 11, 21, 15, 0, tzinfo=UTC)

    play(scenario)


def test_a_histogram_counts_the_sessions_shares(play: Play) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        found = await ib.reqHistogramDataAsync(spy(), useRTH=True, period="1 day")

        session = calendar.session(MORNING.date())
        bars = world.server.floor.bars.of_session("SPY", session, 60, MORNING)
        assert sum(item.count for item in found) == sum(bar.volume for bar in bars)

    play(scenario)
