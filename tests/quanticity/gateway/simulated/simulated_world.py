"""A simulated exchange on a clock that a test moves, alone or behind a real client's socket.

Imported as a module of its own name: `tests` cannot be a package beside eventkit's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from client_library import IB

from quanticity.config.loader import section
from quanticity.domain.clock import ReplayedClock, using
from quanticity.domain.instruments import OptionContract, Right
from quanticity.gateway.simulated import (
    account,
    ledger,
    listing,
    matching,
    prices,
    surface,
)
from quanticity.gateway.simulated import floor as floors
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.fault_script import Fault, Script, find, read
from quanticity.gateway.simulated.faults import Faults
from quanticity.gateway.simulated.floor import Floor
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.orders import News, Order
from quanticity.gateway.simulated.server import Server

TODAY = date(2025, 11, 21)
MORNING = datetime(2025, 11, 21, 15, 4, 5, tzinfo=UTC)  # Friday 10:04:05 in New York
SPY = listing.SYMBOLS["SPY"]
HERE = "gateway.simulated"


def new_exchange(market: Market, at: datetime, **changes: Any) -> Exchange:
    """An exchange with empty books at an instant, some matching settings changed."""
    settings = section(f"{HERE}.matching", matching.Settings)
    values = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    books = ledger.opened(section(f"{HERE}.account", account.Settings))
    made = Exchange(market, matching.Settings(**(values | changes)), books)
    made.step(at)
    return made


def option(strike: int = 680, right: Right = Right.CALL, expiry: date = TODAY) -> int:
    """The contract id of a SPY option."""
    found = listing.option_id(OptionContract("SPY", expiry, right, Decimal(strike)))
    assert found is not None
    return found


class Desk:
    """Places orders of client 1 with rising ids."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.con_id = option()
        self._next = 1

    def order(self, action: str, quantity: int, order_type: str = "LMT", **terms: Any) -> Order:
        """An order that has not been sent."""
        order = Order(
            1, self._next, terms.pop("con_id", self.con_id), action, Decimal(quantity), order_type
        )
        self._next += 1
        for name in ("limit", "aux", "trail_percent"):
            terms[name] = Decimal(str(terms[name])) if name in terms else None
        for name, value in terms.items():
            setattr(order, name, value)
        return order

    def send(self, *args: Any, **terms: Any) -> tuple[Order, list[News]]:
        """Place an order; return it with the news."""
        order = self.order(*args, **terms)
        return order, self.exchange.place(order)

    def bracket(self, quantity: int, limit: object, target: object, stop: object) -> list[Order]:
        """Place entry, target and stop as one chain."""
        entry, _ = self.send("BUY", quantity, limit=limit, transmit=False)
        above, _ = self.send(
            "SELL", quantity, limit=target, tif="GTC", transmit=False, parent_id=entry.order_id
        )
        below, _ = self.send("SELL", quantity, "STP", aux=stop, tif="GTC", parent_id=entry.order_id)
        return [entry, above, below]

    def buy(self, quantity: int, **terms: Any) -> Order:
        """Buy at the market."""
        return self.send("BUY", quantity, "MKT", **terms)[0]

    def ask(self) -> Decimal:
        """The contract's ask now."""
        ask = self.exchange.touch(self.con_id).ask
        assert ask is not None
        return ask

    def wait(self, seconds: float) -> list[News]:
        """Let platform time pass."""
        return self.exchange.step(self.exchange.at + timedelta(seconds=seconds))


def new_market() -> Market:
    """A market of the default seed that a test may bend."""
    return Market(
        section(f"{HERE}.prices", prices.Settings), section(f"{HERE}.surface", surface.Settings)
    )


class World:
    """A server and real clients in one loop, on a clock that only the test moves."""

    def __init__(self, clock: ReplayedClock, server: Server) -> None:
        self.clock = clock
        self.server = server
        self.clients: list[Any] = []

    @property
    def exchange(self) -> Exchange:
        """The exchange behind the socket."""
        return self.server.floor.exchange

    async def connect(self, client_id: int = 1, patience: float = 4) -> Any:
        """A connected client of the library."""
        ib: Any = IB()
        ib.errors = []
        ib.errorEvent += lambda *args: ib.errors.append((args[0], args[1]))
        self.clients.append(ib)
        await ib.connectAsync("127.0.0.1", self.server.port, client_id, timeout=patience)
        return ib

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Move the clock in steps, with a beat and all messages delivered after each."""
        await self.settle()
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            await self.server.beat()
            await self.settle()

    async def settle(self) -> None:
        """Wait until every client has what was sent."""
        for _ in range(4):
            await asyncio.sleep(0)
        for ib in self.clients:
            if ib.client.isReady():
                await ib.reqCurrentTimeAsync()

    async def until(self, is_so: Callable[[], Any], seconds: int = 60) -> None:
        """Let time pass until something is so."""
        for _ in range(seconds):
            if is_so():
                return
            await self.pass_time(1)
        raise AssertionError(f"not so within {seconds} s")


def scripted(*faults: Fault | str) -> Script:
    """A script of these faults, or the shipped one of this name."""
    if faults and isinstance(faults[0], str):
        return read(find(faults[0]))
    return Script(tuple(fault for fault in faults if isinstance(fault, Fault)))


@asynccontextmanager
async def open_world(
    at: datetime = MORNING, *faults: Fault | str, market: Market | None = None, **changes: Any
) -> AsyncIterator[World]:
    """Run a server at an instant, with a script of faults."""
    clock = ReplayedClock(at)
    with using(clock):
        market = market or new_market()
        exchange = new_exchange(market, at, **changes)
        floor = Floor(
            exchange, section(f"{HERE}.floor", floors.Settings), Faults(scripted(*faults)), None
        )
        world = World(clock, Server(floor, 0))
        await world.server.start()
        try:
            yield world
        finally:
            for ib in world.clients:
                ib.disconnect()
            world.server.close()
            await asyncio.sleep(0.01)


Scenario = Callable[[World], Awaitable[None]]


@pytest.fixture(scope="session")
def market() -> Market:
    """The market of the default seed."""
    return new_market()


@pytest.fixture
def play(market: Market) -> Callable[..., None]:
    """Run a scenario against a server: `play(scenario, fault or script, ..., at=instant)`.

    With `market=None` the market is its own, to be bent.
    """

    def run(
        scenario: Scenario, *faults: Fault | str, at: datetime = MORNING, **changes: Any
    ) -> None:
        async def main() -> None:
            async with open_world(at, *faults, **({"market": market} | changes)) as world:
                await scenario(world)

        asyncio.run(main())

    return run
