"""The gateway process on a socket to a simulated exchange, on a clock that only the test moves.

Orders go out through ib_insync and come back as its callbacks; rows are real rows. The worker's
turns (booking, managing) and the process's turns (writing, sending) are taken one by one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from execution.models import Commission, Fill, Order, OrderIntent, Position
from execution.orders import brackets, stops
from execution.services import booking, managing, reconciling, walking, wishes
from execution.services.facts import increments_of
from quanticity import leases
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.clock import ReplayedClock
from quanticity.domain.instruments import OptionContract, Right, parse_occ
from quanticity.domain.market import Quote
from quanticity.domain.orders import Bracket
from quanticity.domain.signals import Strategy
from quanticity.gateway.ports import ConnectionState
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.assembly import open_floor
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.fault_script import At, Fault, Script
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.orders import Order as TheirOrder
from quanticity.gateway.simulated.server import Server
from quanticity.management.gateway.process import GatewayProcess
from quanticity.store import health
from quanticity.store import market as quotes
from quanticity.tasking import nudge
from tests import factories

MORNING = datetime(2025, 11, 21, 15, 4, 0, tzinfo=UTC)  # Friday 10:04 in New York
PATIENCE_S = 20.0
_UNSEEN_S = 2.0  # between two looks; what is naked for longer was counted


class InlineProcess(GatewayProcess):
    """The gateway process with its SQL and its hints done on the spot."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.hands.nudge = nudge  # type: ignore[method-assign]

    async def _on(self, _pool: Any, work: Any, *args: Any) -> Any:
        return work(*args)


class Desk:
    """An exchange, the gateway process connected to it, and the worker's turns."""

    def __init__(self, at: ReplayedClock, server: Server, process: InlineProcess) -> None:
        self.at, self.server, self.process = at, server, process
        self.strategy = Strategy.ZERO_DTE
        self.occ = ""
        self.signals = self.compared = 0
        self.naked_s = 0.0

    # --- the world -------------------------------------------------------------------------------
    @property
    def exchange(self) -> Exchange:
        """The exchange behind the socket."""
        return self.server.floor.exchange

    @property
    def con_id(self) -> int:
        """The exchange's number of the contract."""
        found = listing.option_id(parse_occ(self.occ))
        assert found is not None
        return found

    def choose(self, symbol: str = "SPY", days: int = 0) -> None:
        """Trade the call nearest the money, expiring today or so many days later."""
        spot = self.exchange.market.spot(symbol, self.exchange.at)
        expiry = (self.exchange.at + timedelta(days=days)).date()
        self.occ = OptionContract(symbol, expiry, Right.CALL, Decimal(round(spot))).occ

    def ask(self) -> Decimal:
        """The contract's ask now."""
        found = self.exchange.touch(self.con_id).ask
        assert found is not None
        return found

    def next_fault(self, at: str, action: str, **how: Any) -> None:
        """Let the exchange go wrong at the next such event."""
        if at == "time":
            how = {"after_s": 0.0} | how
        self.server.floor.faults.script = Script((Fault(At(at), action, **how),))

    def jump(self, frac: float, symbol: str = "SPY") -> None:
        """Move the underlying for the rest of the session."""
        self.server.floor.market.tapes.jump(symbol, clock.now(), frac)

    # --- turns -----------------------------------------------------------------------------------
    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let platform time pass in steps, with everybody's turn in each."""
        for _ in range(round(seconds / step)):
            self.at.advance(step)
            await self.server.beat()
            await self.turn()
            if self._is_naked():
                self.naked_s += step

    async def turn(self) -> None:
        """Write what was told, book it, manage, send what is owed; until nothing moves."""
        self.quote()
        for _ in range(6):
            await self.hear()
            await self.process._write_money()
            walking.manage_entries()
            managing.manage_positions()
            if self.is_linked:
                await self.process._send_owed(1)
                await self._compare_if_wanted()
            await self.hear()
            if not self.process.listener.money:
                break

    async def _compare_if_wanted(self) -> None:
        wanted = wishes.comparisons_wanted()
        if wanted != self.compared:
            self.compared = wanted
            await self.process._compare()

    async def hear(self) -> None:
        """Wait until everything that was sent has been heard."""
        await asyncio.sleep(0)
        for _ in range(20):
            if not self.is_linked:
                return
            # The process's own probe asks the same; the library keeps one answer for both.
            with contextlib.suppress(TimeoutError, ConnectionError):
                asked = self.process.gateway._link.require_broker().reqCurrentTimeAsync()
                await asyncio.wait_for(asked, 0.5)
                return

    @property
    def is_linked(self) -> bool:
        """Whether orders may leave."""
        return self.process.gateway.connection.state is ConnectionState.CONNECTED

    async def linked(self) -> None:
        """Wait in real time for the link, then compare books as at every connect."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while not self.is_linked:
            await self.server.beat()
            await asyncio.sleep(0.02)
            assert loop.time() < until, "the link never came back"
        await self.process._compare()
        await self.hear()

    async def unlinked(self) -> None:
        """Wait in real time for the link to be gone."""
        until = asyncio.get_running_loop().time() + PATIENCE_S
        while self.is_linked:
            await asyncio.sleep(0.01)
            assert asyncio.get_running_loop().time() < until, "the link never went"

    def quote(self) -> None:
        """Put the contract's market into the store."""
        touch, now = self.exchange.touch(self.con_id), clock.now()
        bid, ask = (None if side is None else float(side) for side in (touch.bid, touch.ask))
        quotes.write_contract_quotes(
            [Quote(self.occ, bid, ask, touch.bid_size, touch.ask_size, None, now, now)]
        )

    async def compare(self) -> None:
        """One reconciliation with the broker's whole snapshot."""
        await self.hear()
        await self.process._compare()

    async def until(self, is_so: Any, seconds: int = 30) -> None:
        """Let time pass until something is so."""
        for _ in range(seconds):
            if is_so():
                return
            await self.pass_time(1)
        raise AssertionError(f"not so within {seconds} s: {self.story()}")

    # --- what a test does ------------------------------------------------------------------------
    def intend(self, quantity: int, limit: Decimal | None = None) -> OrderIntent:
        """Commit an entry with its bracket; marketable unless a limit is named."""
        self.signals += 1
        price = limit or self.ask() + Decimal("0.05")
        settings = section("execution.stops", stops.Settings)
        entry = brackets.Entry("sim", "0" * 26, self.strategy, parse_occ(self.occ), quantity, price)
        plan = brackets.plan(entry, increments_of("SPY"), settings)
        assert isinstance(plan, Bracket)
        return factories.intent(
            self.signals, quantity, occ=self.occ, limit_price=price, strategy=self.strategy,
            stop_price=plan.stop.stop_price, target_price=plan.target.limit_price,
            arrival_mid=price, arrival_spread=Decimal("0.02"),
            signal_changes={
                "occ": self.occ, "strategy": self.strategy, "reference": {"mid": str(price)},
                "state": "ended",
            },
        )  # fmt: skip

    async def enter(self, quantity: int, limit: Decimal | None = None) -> OrderIntent:
        """Commit an entry and send it."""
        intent = self.intend(quantity, limit)
        await self.turn()
        return intent

    async def hold(self, quantity: int) -> Position:
        """Enter, and wait until every contract has its pair."""
        intent = await self.enter(quantity)
        await self.until(lambda: self.is_whole(intent.pk))
        return Position.objects.get(intent=intent)

    def is_whole(self, intent_id: str) -> bool:
        """Whether a position is open with every tranche's stop and target working."""
        position = Position.objects.filter(
            intent_id=intent_id, state__in=("OPEN", "REDUCING")
        ).first()
        if position is None or position.replacements.filter(ended_at=None).exists():
            return False
        alive = Order.objects.filter(intent_id=intent_id, state="WORKING")
        found = {role: sum(o.quantity - o.filled for o in alive.filter(role=role)) for role in "ST"}
        return set(found.values()) == {position.quantity_open}

    # --- what must hold afterwards ---------------------------------------------------------------
    async def assert_books_agree(self) -> None:
        """Ours equal the exchange's: contracts, executions, costs, cash moved, orders alive."""
        await self.hear()
        await self.process._write_money()
        booking.book_owed()
        account = self.exchange.books.account
        held = sum(
            p.quantity_open for p in Position.objects.exclude(state__in=("CLOSED", "SETTLED"))
        )
        options = [p for p in account.positions.values() if listing.option_of_id(p.con_id)]
        assert held == sum(p.quantity for p in options), self.story()
        theirs = {
            e.exec_id: (e.price, e.commission)
            for e in self.exchange.books.executions
            if listing.option_of_id(e.con_id)
        }
        costs = {
            c.pk: (c.commission_usd or 0) - (c.rebate_usd or 0) for c in Commission.objects.all()
        }
        ours = {f.pk: (f.price, costs.get(f.pk)) for f in Fill.objects.all() if f.pk in theirs}
        assert ours == theirs, self.story()
        self._assert_money_agrees()
        self._assert_orders_agree()
        self._assert_naked_time_is_reported()

    def _assert_money_agrees(self) -> None:
        account = self.exchange.books.account
        moved = account.cash - Decimal(str(account.settings.start_cash_usd))
        closed = [p for p in Position.objects.all() if p.state == "CLOSED"]
        if Position.objects.count() == len(closed):
            assert sum((p.realised_net_usd for p in closed), Decimal(0)) == moved, self.story()

    def _assert_orders_agree(self) -> None:
        """No order works at one side alone: no orphan, no ghost."""
        ours = set(Order.objects.filter(state="WORKING").values_list("order_ref", flat=True))
        assert ours == {o.order_ref for o in self.working()}, self.story()
        unsure = Order.objects.filter(state__in=("SENDING", "UNKNOWN", "RECORDED"))
        assert not unsure.exists(), self.story()
        sells = sum(self._most_sold(group) for group in self._groups().values())
        assert sells <= self.exchange.books.account.quantity(self.con_id), self.story()

    def _is_naked(self) -> bool:
        """Whether the exchange's own books hold contracts that none of its stops could sell."""
        held = self.exchange.books.account.quantity(self.con_id)
        orders = (o for o in self.working() if o.order_type == "STP")
        return held > sum(self.exchange.books.executable(order) for order in orders)

    def _assert_naked_time_is_reported(self) -> None:
        """The clock runs exactly while something is naked, and what the exchange saw is counted."""
        running = Position.objects.filter(naked_since_at__isnull=False, quantity_open__gt=0)
        assert running.exists() == self._is_naked(), self.story()
        counted_ms = sum(Position.objects.values_list("naked_ms", flat=True))
        assert counted_ms or running.exists() or self.naked_s <= _UNSEEN_S, self.story()

    def working(self) -> list[TheirOrder]:
        """Orders that work at the exchange."""
        return [order for order in self.exchange.books.working() if order.is_working]

    def _groups(self) -> dict[str, list[TheirOrder]]:
        found: dict[str, list[TheirOrder]] = {}
        for order in self.working():
            if not order.is_buy:
                found.setdefault(order.oca_group or str(order.perm_id), []).append(order)
        return found

    def _most_sold(self, group: list[TheirOrder]) -> Decimal:
        return max(self.exchange.books.executable(order) for order in group)

    def stops(self) -> dict[str, tuple[int, Decimal | None]]:
        """Working stops at the exchange: quantity left and price, by reference."""
        return {
            o.order_ref: (int(o.remaining), o.aux) for o in self.working() if o.order_type == "STP"
        }

    def targets(self) -> dict[str, tuple[int, Decimal | None]]:
        """Working targets at the exchange."""
        return {
            o.order_ref: (int(o.remaining), o.limit)
            for o in self.working()
            if o.order_type == "LMT" and not o.is_buy
        }

    def story(self) -> str:
        """Both sides, to read when something is not so."""
        ours = [
            f"{o.pk[-6:]} {o.side} {o.quantity}/{o.filled} {o.state} {o.limit_price or o.stop_price} {o.error}"
            for o in Order.objects.order_by("recorded_at", "pk")
        ]
        theirs = [
            f"{o.order_ref[-6:]} {o.action} {o.quantity}/{o.filled} {o.status} {o.limit or o.aux}"
            for o in self.exchange.books.orders.values()
        ]
        held = [f"{p.pk} {p.state} {p.quantity_open}" for p in Position.objects.all()]
        return "\n".join(["", *held, "ours:", *ours, "theirs:", *theirs])


@asynccontextmanager
async def open_desk(
    market: Market, *faults: Fault, at: datetime = MORNING, **changes: Any
) -> AsyncIterator[Desk]:
    """Run a desk at an instant; `changes` turn the exchange's matching."""
    stands = ReplayedClock(at)
    with clock.using(stands):
        floor = open_floor(7, None, Script(faults), market)
        settings = replace(floor.exchange.settings, take_whole_size=True)
        floor.exchange.settings = replace(settings, **changes)
        server = Server(floor, 0)
        process = InlineProcess("127.0.0.1", await server.start())
        running = asyncio.create_task(process.gateway.run())
        desk = Desk(stands, server, process)
        try:
            desk.choose()
            leases.hold("gateway", "test", 3600.0)
            await desk.linked()
            health.write_connection({"state": "CONNECTED", "reconciled": True})
            yield desk
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            server.close()
            process.hands.shutdown()
            await asyncio.sleep(0.01)


__all__ = ["Desk", "open_desk", "reconciling"]
