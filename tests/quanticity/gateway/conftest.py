"""Fixture `play`: a scenario with a gateway on a socket to a simulated exchange of its own."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quanticity.domain import clock
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import OrderStatus, OrderType, Role, Ticket, TimeInForce
from quanticity.gateway.ibkr.gateway import IbkrGateway
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ports import ConnectionState
from quanticity.gateway.simulated.assembly import open_floor
from quanticity.gateway.simulated.fault_script import At, Fault, Script
from quanticity.gateway.simulated.server import Server

MORNING = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)  # Friday 10:00 in New York
PATIENCE_S = 20.0


class Notes:
    """A listener that keeps everything it is told, by method."""

    def __init__(self) -> None:
        self.told: dict[str, list[Any]] = {}

    def __getattr__(self, name: str) -> Callable[..., None]:
        def take(*facts: Any) -> None:
            self.told.setdefault(name, []).append(facts if len(facts) > 1 else facts[0])

        return take

    def all(self, what: str) -> list[Any]:
        """Everything told of one kind: `quote`, `order`, `fill`, and so on."""
        return self.told.get(f"on_{what}", [])

    def forget(self) -> None:
        """Begin anew."""
        self.told.clear()


@dataclasses.dataclass
class World:
    """One exchange, one gateway, what was told, and hands to act with."""

    server: Server
    gateway: IbkrGateway
    notes: Notes
    settings: Settings

    async def until(self, is_so: Callable[[], Any], why: str = "") -> float:
        """Wait for a condition; return how many seconds it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not is_so():
            await asyncio.sleep(0.01)
            assert loop.time() - began < PATIENCE_S, why or "the condition never came true"
        return loop.time() - began

    async def connected(self) -> float:
        """Wait for the link to be believed."""
        return await self.until(lambda: self.state is ConnectionState.CONNECTED)

    @property
    def state(self) -> ConnectionState:
        """The link's state."""
        return self.gateway.connection.state

    def breaks(self, action: str, **how: Any) -> None:
        """Let the exchange break in this way now."""
        fault = Fault(At.TIME, action, after_s=0.0, **how)
        self.server.floor.faults.script = Script((fault,))

    def on_next(self, at: str, action: str, **how: Any) -> None:
        """Let the exchange break at the next such event."""
        self.server.floor.faults.script = Script((Fault(At(at), action, **how),))

    def orders(self, ref: str = "") -> list[Any]:
        """Order updates told so far, of one reference."""
        return [update for update in self.notes.all("order") if ref in {"", update.order_ref}]

    def last(self, ref: str) -> OrderStatus | None:
        """The last status told of an order."""
        updates = self.orders(ref)
        return updates[-1].status if updates else None

    async def contract(self, symbol: str = "SPY") -> tuple[OptionContract, Decimal]:
        """A put near the money, and a price that buys it at once."""
        await self.gateway.feed.watch_chain(symbol)
        await self.until(self._puts, "no chain with puts came")
        chain, rows = self.notes.all("chain")[-1], self._puts()
        row = min(rows, key=lambda n: abs(chain.strike[n] - chain.spot))
        return parse_occ(str(chain.occ[row])), Decimal(str(round(chain.ask[row] + 0.10, 2)))

    def _puts(self) -> list[int]:
        chain = self.notes.all("chain")[-1] if self.notes.all("chain") else ()
        return [n for n in range(len(chain)) if chain.right[n] < 0 and chain.ask[n] > 1]

    async def bracket(self, name: str = "a", quantity: int = 2) -> "Plan":
        """Tickets of a bracket on a put near the money, not sent yet."""
        contract, price = await self.contract()
        details = await self.gateway.trading.qualify(contract)
        first = await self.gateway.trading.next_order_id()
        return Plan(name, contract, details.con_id, first, price, quantity)


@dataclasses.dataclass
class Plan:
    """A bracket with numbers and references."""

    name: str
    contract: OptionContract
    con_id: int
    first: int
    price: Decimal
    quantity: int

    @property
    def refs(self) -> list[str]:
        """References of entry, target and stop."""
        return [f"QC:{self.name}:{leg}1" for leg in "ETS"]

    def entry(self, price: Decimal | None = None) -> Ticket:
        """The entry, marketable unless a price is named."""
        return self._ticket(0, Role.ENTRY, Side.BUY, TimeInForce.DAY, limit=price or self.price)

    def target(self) -> Ticket:
        """A target out of reach."""
        return self._ticket(1, Role.TARGET, Side.SELL, TimeInForce.GTC, limit=self.price + 5)

    def stop(self, price: Decimal = Decimal("0.20")) -> Ticket:
        """A stop out of reach."""
        return self._ticket(2, Role.STOP, Side.SELL, TimeInForce.GTC, stop=price)

    def chain(self, price: Decimal | None = None) -> list[tuple[int, int, Ticket]]:
        """The three as a transmit chain."""
        legs = (self.entry(price), self.target(), self.stop())
        return [(self.first + n, self.con_id, leg) for n, leg in enumerate(legs)]

    def _ticket(
        self,
        n: int,
        role: Role,
        side: Side,
        tif: TimeInForce,
        limit: Decimal | None = None,
        stop: Decimal | None = None,
    ) -> Ticket:
        kind = OrderType.LIMIT if stop is None else OrderType.STOP
        return Ticket(
            self.refs[n], role, self.contract, side, self.quantity, kind, tif, limit, stop
        )


@pytest.fixture
def play(tmp_path: Path, settings_of: Callable[[str, Any], Any]) -> Callable[..., None]:
    """Run a scenario against a fresh exchange, at a speed, with some settings turned."""

    def played(
        scenario: Callable[[World], Awaitable[None]], speed: float = 1.0, **turned: Any
    ) -> None:
        anchor = tmp_path / "clock.json"
        clock.Anchor(MORNING, clock.boot_seconds(), speed).write(anchor)
        settings = settings_of("gateway.ibkr", Settings)
        quick = {"backoff_jitter": 0.0, "chain_s": 0.3 * speed, "knock_s": 0.1, "steer_s": 0.1}
        settings = dataclasses.replace(settings, **(quick | turned))
        with clock.using(clock.ScaledClock(anchor)):
            asyncio.run(_play(scenario, settings))

    return played


async def _play(scenario: Callable[[World], Awaitable[None]], settings: Settings) -> None:
    server = Server(open_floor(7, None, Script()), 0)
    port = await server.start()
    stopped = asyncio.Event()
    notes = Notes()
    gateway = IbkrGateway("127.0.0.1", port, 1, "DU1000001", notes, settings)
    running = [asyncio.create_task(server.run(stopped)), asyncio.create_task(gateway.run())]
    try:
        await scenario(World(server, gateway, notes, settings))
    finally:
        running[1].cancel()
        await asyncio.gather(running[1], return_exceptions=True)
        stopped.set()
        await asyncio.gather(*running, return_exceptions=True)
