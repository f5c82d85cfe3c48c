"""The link: one client id on one socket, kept up for ever, with a deadline on every question.

`run` connects, lets the books be brought into step, then watches: a socket that is open but dumb
is found by a probe, not by an exception. Whatever ends a session, the next attempt begins after
min(2^n, 60) s with jitter, or as soon as a refusing port opens again.
"""
# mypy: disable-error-code="no-untyped-call"

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from ib_insync.wrapper import RequestError

from quanticity.domain import clock
from quanticity.domain.errors import ConfigError, NotConnected, QuantiCityError, TemporaryError
from quanticity.gateway.ibkr.backoff import pause
from quanticity.gateway.ibkr.errors import TOO_FAST, Kind, as_error, meaning
from quanticity.gateway.ibkr.guarded import Guarded
from quanticity.gateway.ibkr.health import Health, Remedy
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ibkr.tap import MarketSink, OrderSink, TappedIB
from quanticity.gateway.ports import Connection, ConnectionState, Listener

log = logging.getLogger(__name__)
T = TypeVar("T")
_ALARM_ATTEMPTS = 3
_UNNUMBERED = -1
_RATE_WINDOW_S = 1.0  # the broker counts messages per second


class Link:
    """The socket, its health, and the only place that asks the broker anything."""

    def __init__(
        self,
        host: str,
        port: int,
        client_id: int,
        account: str,
        listener: Listener,
        settings: Settings,
    ) -> None:
        self.host, self.port, self.client_id = host, port, client_id
        self.account = account
        self.counters: Counter[str] = Counter()
        self.listener: Listener = Guarded(listener, self.counters)
        self.settings = settings
        self.health = Health(settings)
        self.packet_at = clock.now()
        self.data_lines = 0
        self.next_order_id = 1
        self.market: MarketSink
        self.orders: OrderSink
        self.on_stream_error: Callable[[int, int, str], None]
        self.on_up: Callable[[], Awaitable[None]]
        self.on_ready: Callable[[], None]
        self.on_down: Callable[[], None]
        self.on_remedy: Callable[[Remedy], None]
        self.on_message: Callable[[list[str]], None] | None = None
        self.on_account: Callable[[str], None] | None = None
        self._ib: TappedIB | None = None
        self._said: Connection | None = None
        self._heard_at: datetime | None = None
        self._opened_at: datetime | None = None
        self._last_text = ""
        self._misses = 0
        self._dropped = asyncio.Event()
        self._turn_s = 0.0

    # Questions to the broker.

    def require(self) -> TappedIB:
        """The client of an open connection; raise NotConnected otherwise."""
        if self._ib is None or not self._ib.isConnected():
            raise NotConnected("not connected to the broker")
        return self._ib

    def require_broker(self) -> TappedIB:
        """The client, when orders may leave: in step, and the broker behind it reachable."""
        ib = self.require()
        if not self.health.is_up or self.health.is_server_lost:
            raise NotConnected("the broker cannot be reached now")
        return ib

    async def ask(
        self,
        what: str,
        request: Callable[[TappedIB], Awaitable[T]],
        deadline_s: float,
        key: str = "",
    ) -> T:
        """Ask and wait at most so long; `key` names a request that has no number of its own."""
        ib = self.require()
        try:
            async with asyncio.timeout(deadline_s):
                answer = await request(ib)
        except TimeoutError:
            if key:
                ib.wrapper.forgive(key)
            self.on_miss(what)
            raise TemporaryError(f"no answer to {what} within {deadline_s:g} s") from None
        except ConnectionError as error:
            raise NotConnected(f"connection lost during {what}") from error
        except RequestError as error:
            raise as_error(error.code, f"{what}: {error.message}") from error
        self._misses = 0
        return answer

    async def slot(self) -> None:
        """Wait for the next turn of a market data message: evenly spaced, never in bursts.

        The server counts what it reads; a burst that it reads late would meet the next one.
        """
        now_s = asyncio.get_running_loop().time()
        turn_s = max(self._turn_s, now_s)
        self._turn_s = turn_s + 1 / self.settings.feed_messages_per_s
        await asyncio.sleep(turn_s - now_s)

    def on_miss(self, what: str) -> None:
        """Count a request that expired; several in a row end the connection."""
        self.counters["requests_expired"] += 1
        self._misses += 1
        log.warning("no answer to %s (%d in a row)", what, self._misses)
        if self._misses >= self.settings.misses_before_cycle:
            self.cycle(f"{self._misses} requests in a row were not answered")

    def cycle(self, reason: str) -> None:
        """Give this socket up; `run` opens the next one."""
        log.warning("cycling the broker connection: %s", reason)
        self._last_text = reason
        self._dropped.set()

    # What the tap tells us.

    def on_packet(self) -> None:
        """Note when the broker was last heard."""
        self._heard_at = self.packet_at = clock.now()

    def on_next_order_id(self, order_id: int) -> None:
        """Keep the lowest order id the broker accepts; it never goes back (RELIABILITY E12)."""
        self.next_order_id = max(self.next_order_id, order_id)

    def on_error(self, req_id: int, code: int, text: str) -> None:
        """Sort a message that is not about an order."""
        self.counters[f"code_{code}"] += 1
        if meaning(code).kind is Kind.CONNECTIVITY:
            remedy = self.health.on_code(code, text)
            if remedy is not Remedy.NONE:
                self.on_remedy(remedy)
            self.say()
        elif code == TOO_FAST:
            self._turn_s = asyncio.get_running_loop().time() + _RATE_WINDOW_S
        elif req_id == _UNNUMBERED and not self.health.is_up:
            self._last_text = f"{code}: {text}"
        else:
            self.on_stream_error(req_id, code, text)

    # The connection as the platform sees it.

    @property
    def connection(self) -> Connection:
        """What is known of the link now."""
        now = clock.now()
        state, detail = self.health.state(now)
        said = self._said
        since_at = said.since_at if said is not None and said.state is state else now
        version = self._ib.client.serverVersion() if self._ib is not None else 0
        return Connection(
            state, since_at, self._heard_at, self.account or None, version or None,
            self.data_lines, detail or ("" if self.health.is_up else self._last_text),
            self.health.has_orders, self._opened_at,
        )  # fmt: skip

    def say(self) -> None:
        """Tell the listener how the link is."""
        connection = self.connection
        if self._said is None or self._said.state is not connection.state:
            log.info("broker connection: %s %s", connection.state, connection.detail)
        self._said = connection
        self.listener.on_connection(connection)

    # Life of the link.

    async def run(self) -> None:
        """Stay connected until cancelled; raise ConfigError when the account is not ours."""
        attempt = 0
        self.say()
        while True:
            is_refused = False
            try:
                await self._session()
            except ConfigError:
                raise
            except (QuantiCityError, OSError) as error:
                is_refused = isinstance(error, ConnectionRefusedError)
                self._last_text = self._last_text or str(error) or type(error).__name__
            finally:
                attempt = 0 if self.health.is_up else attempt + 1
                self._close()
            self.counters["reconnects"] += 1
            is_expected = self.health.state(clock.now())[0] is ConnectionState.RESTART_WINDOW
            is_alarm = attempt >= _ALARM_ATTEMPTS and not is_expected
            level = logging.ERROR if is_alarm else logging.WARNING
            log.log(level, "broker connection down, attempt %d: %s", attempt, self._last_text)
            await pause(self.host, self.port, attempt, self.settings, knocks=is_refused)

    async def _session(self) -> None:
        self._dropped.clear()
        self._last_text = ""
        self._misses = 0
        ib = self._ib = TappedIB(self, self.market, self.orders, self.counters)
        ib.client.MaxRequests = self.settings.messages_per_s
        if self.on_message is not None:
            ib.overhear(self.on_message)
        ib.wrapper.clientId = self.client_id
        ib.client.conn.disconnected.connect(self._on_drop, keep_ref=True)
        await self._unless_dropped(
            ib.client.connectAsync(self.host, self.port, self.client_id, self.settings.connect_s)
        )
        self._check_account(ib.client.getAccounts())
        ib.wrapper.accounts = [self.account]
        self._opened_at = clock.now()
        self.say()  # before the first fact that comes over it
        await self._unless_dropped(self.on_up())
        self.health.on_up(clock.now())
        self.on_ready()
        self.say()
        watch = [asyncio.ensure_future(work) for work in (self._keep_time(), self._beat())]
        try:
            await self._unless_dropped(asyncio.gather(*watch))
        finally:
            for task in watch:
                task.cancel()
            await asyncio.gather(*watch, return_exceptions=True)

    async def _unless_dropped(self, work: Awaitable[object]) -> None:
        # Waits for the work or for the end of the socket, whichever comes first.
        task = asyncio.ensure_future(work)
        drop = asyncio.ensure_future(self._dropped.wait())
        try:
            await asyncio.wait({task, drop}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise NotConnected(self._last_text or "the broker closed the connection")
            task.result()
        finally:
            for left in (task, drop):
                left.cancel()
            await asyncio.gather(task, drop, return_exceptions=True)

    def _check_account(self, accounts: list[str]) -> None:
        if not self.account and len(accounts) == 1:
            self.account = accounts[0]
        if self.account not in accounts:
            raise ConfigError(
                f"expected one of the login's accounts {accounts}, was {self.account!r}"
            )
        if self.on_account is not None:
            self.on_account(self.account)

    def _on_drop(self, text: str) -> None:
        self._last_text = text or self._last_text
        self._dropped.set()

    def _close(self) -> None:
        if self._ib is not None:
            transport = self._ib.client.conn.transport
            self._ib.client.disconnect()
            self._ib.wrapper.connectionClosed()
            if transport is not None:
                transport.abort()  # a hung peer would keep a polite close waiting for ever
        self.health.on_down()
        self.data_lines = 0
        self.on_down()
        self.say()

    async def _keep_time(self) -> None:
        # The probe of the watchdog and the broker's clock are one question.
        loop = asyncio.get_running_loop()
        while True:
            asked_s = loop.time()
            try:
                broker_at = await self.ask(
                    "current time",
                    lambda ib: ib.reqCurrentTimeAsync(),
                    self.settings.probe_s,
                    key="currentTime",
                )
            except NotConnected:
                raise
            except TemporaryError:
                self._give_up_if_dumb()
            else:
                self.listener.on_broker_time(broker_at, loop.time() - asked_s)
            await asyncio.sleep(self.settings.probe_every_s)

    def _give_up_if_dumb(self) -> None:
        silent_s = (clock.now() - self.packet_at).total_seconds() / clock.speed()
        if silent_s >= self.settings.probe_s:
            self.counters["hung_sockets"] += 1
            self.cycle(f"nothing heard for {silent_s:.0f} s")

    async def _beat(self) -> None:
        renewed_at = clock.now()
        while True:
            await asyncio.sleep(self.settings.heartbeat_s)
            now = clock.now()
            silent_s = min(self.health.silent_s(now), (now - renewed_at).total_seconds())
            limit_s = self.settings.resubscribe_after_s * clock.speed()
            if silent_s > limit_s and not self.health.is_server_lost:
                renewed_at = now
                self.counters["silent_resubscriptions"] += 1
                self.on_remedy(Remedy.RENEW)
            self.say()
