"""The gateway process: the one broker connection, the one writer of orders.

Five loops share the event loop: the gateway itself, the recorder (market facts to the store), the
scribe (money facts to rows), the dispatcher (rows owed to the broker) and the reconciler. SQL runs
on one thread, the store on another, so that a slow disk never delays a heartbeat.
"""

import asyncio
import contextlib
import logging
import math
import os
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from execution import selectors as execution_selectors
from execution.services import booking, broker, nearby, reconciling, wishes
from quanticity import environment, leases, workflows
from quanticity.config.loader import section
from quanticity.config.universe import universe
from quanticity.domain import clock
from quanticity.domain.errors import ConfigError, PermanentError, TemporaryError
from quanticity.domain.readings import plain
from quanticity.gateway.ibkr.gateway import IbkrGateway
from quanticity.gateway.ibkr.settings import Settings as GatewaySettings
from quanticity.gateway.ports import ConnectionState
from quanticity.management.gateway import pacing_file
from quanticity.management.gateway.dispatcher import Dispatcher
from quanticity.management.gateway.halt import HaltByHand
from quanticity.management.gateway.hands import Hands
from quanticity.management.gateway.listener import FactListener
from quanticity.management.gateway.market_desk import MarketDesk
from quanticity.management.gateway.questions import Questions
from quanticity.management.gateway.scribe import write_facts
from quanticity.management.gateway.steward import Steward
from quanticity.management.gateway.watch import Watch
from quanticity.runtime import alive
from quanticity.store import health

logger = logging.getLogger(__name__)
T = TypeVar("T")

# A thread that computes lets a tick pass after so long; Python's own 5 ms are the whole promise.
SWITCH_S = 0.0005
LEASE = "gateway"
LEASE_S = 6.0
RENEW_S = 2.0
KNOCK_S = 0.25
OUTAGE_S = 0.5
FAILED_S = 1.0
STEWARD_S = 1.0
BREATH_S = 1.0
QUOTE_LIFE = timedelta(minutes=5)  # platform time; whoever acts on one asks for a younger one
DISPATCH_S = 0.1
LISTEN_S = 1.0
RECONCILE_S = 30.0  # platform seconds
DOUBT_S = 5.0  # platform seconds between two questions about an order in doubt
SKEW_LIMIT = timedelta(seconds=1.5)


class GatewayProcess:
    """Owns the gateway and its threads for the life of the process."""

    def __init__(self, host: str, port: int) -> None:
        feed = "sim" if settings.TRADING_MODE == "sim" else "ibkr"
        self.hands = Hands()
        self.market = MarketDesk(feed, self.hands)
        self.listener = FactListener(self.market.recorder, partial(self.market.tape.take, feed))
        self.gateway = IbkrGateway(
            host, port, settings.IBKR_CLIENT_ID, settings.IBKR_ACCOUNT, self.listener,
            section("gateway.ibkr", GatewaySettings),
        )  # fmt: skip
        self.gateway.check_account(environment.check_account)
        if self.market.tape.is_wired:
            self.gateway.overhear(partial(self.market.tape.take_wire, feed))
        self._pace_on(settings.VAR / "pacing.json")
        self.watch = Watch(feed, self.hands)
        self.listener.heard = self.watch.hear
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._lease: leases.Lease | None = None
        self._lease_until_s = 0.0  # since boot: then we send nothing, whatever the rows say
        self._compared = False  # with a whole snapshot, since this connection
        self._reconciled = False
        self._woken = asyncio.Event()
        self._questions = Questions(self._woken)
        self.dispatcher = Dispatcher(
            lambda: self.gateway.trading, self._on_sql, self.hands, lambda: self._may_enter
        )
        self._writing = asyncio.Lock()
        self.halt = HaltByHand(self._on_sql)
        self.steward = Steward(self._on_sql, self._holder)

    def _pace_on(self, path: Path) -> None:
        taken = pacing_file.read(path, time.monotonic())
        tell = partial(pacing_file.write, path)
        self.gateway.pace_on(taken, lambda asked: tell(list(asked), time.monotonic()))

    async def run(self) -> None:
        """Run until cancelled; ConfigError when another process has the right to."""
        await self._take_lease()
        health.hear(LEASE, partial(self._wake, asyncio.get_running_loop()))
        nearby.hear(nearby.Here(self.listener.quote_of, lambda: self.connected))
        await self._on_sql(broker.doubt_unanswered)
        await self.watch.resume()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.gateway.run())
            group.create_task(_breathe())
            for money in (
                self._keep_lease, self._scribe, self._dispatch, self._reconcile, self._listen,
                self._watch, self._mind_halt, self._mind_positions,
            ):  # fmt: skip
                group.create_task(self._through_outages(money))
            keep_seeded = partial(
                self.market.keep_seeded, self.gateway.feed, lambda: self.connected
            )
            for facts in (
                self.watch.keep, self.market.record, self.market.keep_tape,
                self.market.keep_refusals, keep_seeded,
            ):  # fmt: skip
                group.create_task(self._whatever_comes(facts))
            group.create_task(self._questions.listen(self.gateway.trading))

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon_threadsafe(self._woken.set)

    async def _whatever_comes(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Begin a loop of market facts again after any failure: orders do not end with it."""
        while True:
            try:
                await loop()
            except Exception:
                logger.exception("a loop of market facts failed and begins again")
                self.gateway.counters["market_failures"] += 1
                await self._on_sql(connection.close_if_unusable_or_obsolete)
                await asyncio.sleep(FAILED_S)

    async def _through_outages(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Begin a loop again after what passes: the database was away, somebody moved a row."""
        while True:
            try:
                await loop()
            except (OperationalError, InterfaceError, TemporaryError) as error:
                logger.warning("begun again: %s: %s", type(error).__name__, error)
                await self._on_sql(connection.close_if_unusable_or_obsolete)
                await asyncio.sleep(OUTAGE_S)

    async def close(self) -> None:
        """Give the lease back and write what is still buffered."""
        await self._write_money()
        self._questions.close()
        await self.watch.write()
        await self.market.close()
        if self._lease is not None:
            await self._on_sql(leases.release, self._lease)

    @property
    def has_orders(self) -> bool:
        """Whether cancels, stops and exits reach the broker; market data may be silent."""
        return self.listener.connection is not None and self.listener.connection.has_orders

    @property
    def _may_enter(self) -> bool:
        return self.connected and self._reconciled and self.halt.standing() is None

    @property
    def connected(self) -> bool:
        """Whether the link can be believed now."""
        link = self.listener.connection
        return link is not None and link.state is ConnectionState.CONNECTED

    async def _on(self, pool: ThreadPoolExecutor, work: Callable[..., T], *args: Any) -> T:
        return await self.hands.on(pool, work, *args)

    async def _on_sql(self, work: Callable[..., T], *args: Any) -> T:
        return await self._on(self.hands.sql, work, *args)

    async def _take_lease(self) -> None:
        """Hold the lease before anything else; one whose holder lives is not waited for."""
        seen, until_s = None, clock.boot_seconds() + LEASE_S + RENEW_S
        while not await self._renew():
            sign = await self._on_sql(leases.sign, LEASE)
            if (seen not in (None, sign) and sign is not None) or clock.boot_seconds() > until_s:
                raise _superseded(sign)
            seen = sign
            await asyncio.sleep(KNOCK_S)

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if not await self._renew():
                raise _superseded(await self._on_sql(leases.sign, LEASE))

    async def _renew(self) -> bool:
        began_s = clock.boot_seconds()
        self._lease = await self._on_sql(leases.hold, LEASE, self._holder, LEASE_S)
        # Less than the lease: what has been claimed leaves before another may claim.
        self._lease_until_s = began_s + LEASE_S - RENEW_S
        return self._lease is not None

    async def _scribe(self) -> None:
        while True:
            await self._write_money()
            await asyncio.sleep(DISPATCH_S / 2)

    async def _write_money(self) -> None:
        money = self.listener.money
        async with self._writing:
            facts = list(money)
            if not facts:
                return
            touched = await self._on_sql(write_facts, facts)
            for _ in facts:  # not before they are rows: they may be told but once
                money.popleft()
            # What is held is protected here and now; the worker's turn may come late.
            await self._on_sql(booking.book_held, touched)
            self._woken.set()
        for intent_id in touched:
            self.hands.nudge(workflows.book, intent_id)

    async def _dispatch(self) -> None:
        while True:
            # Polled as well: with the store away there is nobody to wake us.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DISPATCH_S):
                    await self._woken.wait()
            self._woken.clear()
            lease = self._lease
            if lease is None or not self.has_orders or not self._compared:
                continue
            if not await self._on_sql(leases.is_valid, lease):
                continue
            asked = self._questions if self._may_enter and self._questions.due else None
            await self.dispatcher.begin(lease.epoch, self._lease_until_s, asked)

    async def _send_owed(self, epoch: int) -> None:
        """Send what is owed and wait for every answer: one turn of a test."""
        await self.dispatcher.begin(epoch, math.inf)
        await self.dispatcher.settle()

    async def _listen(self) -> None:
        while True:
            if await self.hands.try_store(self.hands.wake, health.wait, "gateway", LISTEN_S):
                self._woken.set()

    async def _mind_positions(self) -> None:
        """Manage what is held while no worker does; the market is known here without the store."""
        while True:
            await asyncio.sleep(STEWARD_S)
            self.listener.forget_quotes(clock.now() - QUOTE_LIFE)
            if self._lease is not None and self._compared:
                await self.steward.turn()

    async def _mind_halt(self) -> None:
        while True:
            await asyncio.sleep(DISPATCH_S)
            await self.halt.follow(self.gateway.trading, self.listener.entries)

    async def _reconcile(self) -> None:
        asked_at: datetime | None = None
        served = 0
        while True:
            await asyncio.sleep(DISPATCH_S)
            if not self.has_orders:
                self._compared, self._reconciled, asked_at = False, False, None
                continue
            wanted = await self._on_sql(wishes.comparisons_wanted)
            if wanted != served:  # an operator wants it now
                served, asked_at = wanted, None
            doubt = await self._on_sql(reconciling.has_doubts)
            wait_s = DOUBT_S if doubt or not self._reconciled else RECONCILE_S
            # Set back to the broker's time, the clock may be before the last question.
            if asked_at is not None and 0 <= (clock.now() - asked_at).total_seconds() < wait_s:
                continue
            asked_at = clock.now()
            await self._compare()

    async def _compare(self) -> None:
        try:
            told = await self.gateway.trading.next_order_id()
            self.dispatcher.next_id = max(self.dispatcher.next_id, told)
            facts = await self.gateway.trading.facts()
            await self._write_money()
            touched = await self._on_sql(reconciling.reconcile, facts)
        except (TemporaryError, PermanentError) as error:
            # Entries wait for a whole snapshot; what protects goes on by the last one.
            logger.warning("reconciliation did not complete: %s", error)
            self._reconciled = False
            return
        self._compared = self._reconciled = True
        for intent_id in touched:
            self.hands.nudge(workflows.book, intent_id)

    async def _watch(self) -> None:
        wanted = universe()
        await self.gateway.feed.watch((*wanted.symbols, *wanted.indexes), wanted.depth)
        for symbol in wanted.chains:
            await self.gateway.feed.watch_chain(symbol)
        while True:
            await asyncio.sleep(1.0)
            contracts = await self._on_sql(execution_selectors.contracts_to_hold)
            await self.gateway.feed.hold(contracts)
            self._discipline_clock()
            await self._report()

    def _discipline_clock(self) -> None:
        seen, self.listener.broker_time = self.listener.broker_time, None
        if seen is None or settings.TRADING_MODE != "sim" or not settings.IBKR_HOST:
            return
        broker_at, ours = seen
        if abs(broker_at - ours) > SKEW_LIMIT:
            # The broker says whole seconds; the middle of one is the best guess.
            at = broker_at + timedelta(seconds=0.5)
            clock.Anchor(at, clock.boot_seconds(), clock.speed()).write(settings.CLOCK_FILE)
            logger.warning("platform clock set to the broker's, %s", at.isoformat())

    async def _report(self) -> None:
        link, now = self.listener.connection, clock.now()
        facts = self.watch.look(link, universe().symbols, now)
        facts |= {} if link is None else plain(link)
        facts |= {
            "reconciled": self._reconciled,
            "leased": self._lease is not None,
            "reported_at": now.astimezone(UTC).isoformat(),
            "counters": dict(self.gateway.counters),
            "refused": dict(self.market.recorder.refused),
            "tape": dict(self.market.tape.counters),
        }
        await self.hands.try_store(self.hands.store, health.write_connection, facts)
        await self.hands.try_store(self.hands.store, health.beat, "gateway")


async def _breathe() -> None:
    """Tell the supervisor that this loop turns."""
    while True:
        alive.note()
        await asyncio.sleep(BREATH_S)


def _superseded(sign: tuple[str, float] | None) -> ConfigError:
    who = "nobody that can be seen" if sign is None else sign[0]
    return ConfigError(f"expected the lease of the one gateway process, {who} holds it")
