"""Whatever a client sends, it is answered or cut off, and the exchange goes on."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from client_library import (
    IB,
    ExecutionFilter,
    LimitOrder,
    MarketOrder,
    Option,
    Order,
    Stock,
    StopOrder,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulated_world import MORNING, World, new_exchange

from quanticity.config.loader import section
from quanticity.domain.clock import ReplayedClock, using
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import floor as floors
from quanticity.gateway.simulated import recording
from quanticity.gateway.simulated.connection import Connection
from quanticity.gateway.simulated.fault_script import Script
from quanticity.gateway.simulated.faults import Faults
from quanticity.gateway.simulated.floor import Floor
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.server import DESKS
from quanticity.gateway.simulated.wire import frame

LIKELY = st.sampled_from([
    "", "0", "1", "-1", "SPY", "STK", "OPT", "IND", "20251121", "680", "C", "P", "SMART", "USD", "LMT", "MKT", "STP",
    "TRAIL", "MOC", "BUY", "SELL", "DAY", "GTC", "IOC", "1 D", "1 min", "TRADES", "Last", "233,100", "100", "756733",
    "70485328", "1.7976931348623157E308", "2147483647", "Infinite", "nan", "1e400", "99999999999999999999", "é",
])  # fmt: skip
FIELDS = st.lists(st.one_of(LIKELY, st.text(max_size=8)), max_size=40)
MESSAGES = st.lists(st.tuples(st.sampled_from(sorted(DESKS)), FIELDS), max_size=6)


def spoken() -> list[list[str]]:
    """What the library itself sends, as fields."""
    ib, said = IB(), list[str]()
    ib.client.connState, ib.client._serverVersion, ib.client.sendMsg = 2, 176, said.append
    call, spy = Option("SPY", "20251121", 680, "C", "SMART"), Stock("SPY", "SMART", "USD")
    ib.client.placeOrder(5, call, LimitOrder("BUY", 2, 2.5, tif="DAY"))
    ib.client.placeOrder(
        6, call, StopOrder("SELL", 2, 1.5, tif="GTC", parentId=5, ocaGroup="G", ocaType=2)
    )
    ib.client.placeOrder(7, spy, MarketOrder("BUY", 100, tif="IOC", whatIf=True))
    ib.client.placeOrder(
        8, spy, Order(action="SELL", totalQuantity=1, orderType="TRAIL", trailingPercent=1.0)
    )
    ib.client.reqMktData(9, call, "100,101,106,233", False, False, [])
    ib.client.reqMktDepth(10, spy, 10, True, [])
    ib.client.reqHistoricalData(11, spy, "", "1 D", "1 min", "TRADES", True, 1, True, [])
    ib.client.reqHistoricalData(16, call, "", "600 S", "5 mins", "BID_ASK", True, 2, True, [])
    ib.client.reqMarketDataType(3)
    ib.client.reqSecDefOptParams(17, "SPY", "", "STK", 756733)
    ib.client.reqAccountSummary(18, "All", "NetLiquidation,$LEDGER")
    ib.client.reqPnLSingle(19, "DU1000001", "", 70485328)
    ib.client.calculateImpliedVolatility(20, call, 2.5, 680.0, [])
    ib.client.reqHistoricalTicks(21, spy, "20251121 15:00:00", "", 9, "TRADES", True, False, [])
    ib.client.reqContractDetails(12, Option("SPY", "202511", exchange="SMART"))
    ib.client.reqRealTimeBars(13, spy, 5, "TRADES", False, [])
    ib.client.reqTickByTickData(14, spy, "BidAsk", 0, False)
    ib.client.reqExecutions(15, ExecutionFilter())
    ib.client.cancelOrder(5)
    ib.client.connState = 0
    return [text.split("\0")[:-1] for text in said]


SPOKEN = spoken()
CHANGES = st.lists(st.tuples(st.integers(0, 120), LIKELY), max_size=3)


class Sink:
    """A writer that keeps what is written."""

    def __init__(self) -> None:
        self.data = b""
        self.closed = False
        self.transport = self

    def write(self, data: bytes) -> None:
        self.data += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0


def connected(market: Market) -> tuple[Connection, Sink]:
    exchange = new_exchange(market, MORNING)
    floor = Floor(
        exchange, section("gateway.simulated.floor", floors.Settings), Faults(Script()), None
    )
    link = Connection(floor, DESKS, sink := Sink())  # type: ignore[arg-type]
    link.receive(b"API\0" + frame("v157..176")[:-1] + b"\0")
    link.receive(frame(71, 2, 1, ""))
    return link, sink


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(MESSAGES)
def test_no_request_breaks_the_exchange(
    market: Market, messages: list[tuple[int, list[str]]]
) -> None:
    async def main() -> bytes:
        link, sink = connected(market)
        for kind, fields in messages:
            link.receive(frame(kind, *(field.replace("\0", "") for field in fields)))
        link.floor.exchange.step(clock.now())
        link.pulse(clock.now())
        link.pulse_account(clock.now())
        sink.data = b""
        link.receive(frame(49, 1))
        return sink.data

    with using(ReplayedClock(MORNING)) as _:
        clock = ReplayedClock(MORNING)
        assert asyncio.run(main()).endswith(frame(49, 1, int(MORNING.timestamp())))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(SPOKEN), CHANGES), min_size=1, max_size=6))
def test_no_changed_message_of_the_library_breaks_the_exchange(
    market: Market, messages: list[tuple[list[str], list[tuple[int, str]]]]
) -> None:
    async def main() -> None:
        link, _ = connected(market)
        for fields, changes in messages:
            changed = list(fields)
            for place, text in changes:
                changed[place % (len(changed) - 1) + 1] = text
            link.receive(frame(*changed))
        link.floor.tell(link.floor.exchange.step(MORNING + timedelta(seconds=90)))
        clock.advance(90)
        link.pulse(clock.now())
        link.pulse_account(clock.now())

    clock = ReplayedClock(MORNING)
    with using(clock):
        asyncio.run(main())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(market: Market, data: bytes) -> None:
    async def main() -> None:
        link, _ = connected(market)
        with contextlib.suppress(MalformedInput):
            link.receive(data)

    with using(ReplayedClock(MORNING)):
        asyncio.run(main())


@pytest.mark.enable_socket
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.binary(max_size=120), max_size=4), st.booleans())
def test_random_bytes_on_the_socket_leave_others_served(
    play: Callable[..., None], pieces: list[bytes], polite: bool
) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        greeting = b"API\0" + frame("v157..176")[:-1] + b"\0" + frame(71, 2, 9, "")
        writer.write(greeting if polite else b"")
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        await world.pass_time(1)
        writer.close()

        assert await ib.reqCurrentTimeAsync() == world.clock.now()
        assert reader is not None

    play(scenario)


FILES = st.sampled_from([
    "SPY_2023-04-14_close.csv", "SPY_2023-04-14_close.csv.gz", "SPY_2023-04-14_1510.json",
    "SPY_1m_x.csv", "SPY_1m_x.csv.gz", "equity__usa__tick__spy__20131007_trade.zip",
    "equity__usa__second__spy__20131007_quote.zip", "LOBSTER_SampleFile_AMZN_2012-06-21_5.zip",
])  # fmt: skip
HEADS = st.sampled_from([
    b"", b'{"options"', b'{"data": {"options": [{}], "current_price": 1}}', b"PK\x03\x04",
    b"x,Last: 4,\nExpiration Date,Calls\n", b"Datetime,Close,High,Low,Open,Volume\n",
])  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(FILES, HEADS, st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_any_file_is_read_or_refused(
    market: Market, tmp_path: Path, name: str, head: bytes, rest: bytes | str
) -> None:
    file = tmp_path / name
    file.write_bytes(head + (rest if isinstance(rest, bytes) else rest.encode()))
    own = Market(market.tapes.settings, market.surface.settings)
    with contextlib.suppress(MalformedInput):
        recording.load(file, own)


@pytest.mark.enable_socket
def test_a_client_that_does_not_read_is_cut_off(play: Callable[..., None]) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        link = world.server.floor.clients[1]
        left = asyncio.Event()
        ib.disconnectedEvent += left.set
        link.send(b"x" * (world.server.floor.settings.most_unsent_bytes * 2))

        await asyncio.wait_for(left.wait(), 5)
        assert world.server.floor.clients == {}

    play(scenario)
