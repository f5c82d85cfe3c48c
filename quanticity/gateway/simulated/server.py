"""The socket of the simulated exchange: accepts clients, pulses their streams, ends cleanly."""

import asyncio
import contextlib
import signal

from quanticity.domain.clock import ReplayedClock
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import (
    account_desk,
    data_desk,
    history_desk,
    order_desk,
    reference_desk,
    refusal_desk,
    study_desk,
)
from quanticity.gateway.simulated.connection import Connection, Desks
from quanticity.gateway.simulated.floor import Floor

DESKS: Desks = (
    account_desk.DESK
    | data_desk.DESK
    | history_desk.DESK
    | order_desk.DESK
    | reference_desk.DESK
    | refusal_desk.DESK
    | study_desk.DESK
)
_CHUNK = 1 << 16
_PATIENCE_S, _IDLE_S = 10.0, 0.05


class Server:
    """The exchange behind its port."""

    def __init__(self, floor: Floor, port: int, host: str = "127.0.0.1") -> None:
        self.floor = floor
        self.port = port
        self._host = host
        self._listening: asyncio.Server | None = None
        self._open: set[Connection] = set()
        self._account_due = 0.0

    async def start(self) -> int:
        """Begin to listen; return the port."""
        self._listening = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._listening.sockets[0].getsockname()[1]
        self.floor.faults.begin(self.floor.now())
        return self.port

    async def run(self, stopped: asyncio.Event, free: ReplayedClock | None = None) -> None:
        """Beat until told to stop, then close every connection.

        A free clock is moved on a second per beat, as soon as every client has what was sent; it
        stands still while there is none.
        """
        try:
            while not stopped.is_set():
                await self.beat()
                if free is not None:
                    await self._deliver()
                    free.advance(1 if self.floor.clients else 0)
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.floor.settings.pulse_s):
                        await stopped.wait()
        finally:
            self.close()

    async def beat(self) -> None:
        """Step the exchange, let faults happen, send what changed."""
        floor = self.floor
        now = floor.now()
        floor.lateness.beat(asyncio.get_running_loop().time())
        floor.faults.beat(floor, now)
        floor.keep_truth(now)
        await self._mind_the_door()
        for link in list(self._open):
            link.catch_up()
        if floor.board.turn(now) and not floor.faults.is_muted(now):
            for link in floor.links():
                link.pulse(now)
        if floor.account_changed or now.timestamp() >= self._account_due:
            floor.account_changed = False
            self._account_due = now.timestamp() + floor.settings.account_refresh_s
            for link in floor.links():
                link.pulse_account(now)

    def close(self) -> None:
        """Stop listening, drop every client, save the books."""
        if self._listening is not None:
            self._listening.close()
        for link in list(self._open):
            link.close()
        self.floor.save()
        self.floor.keep_truth(self.floor.exchange.at, at_once=True)

    # A client that does not read for long is cut off, so that time goes on.
    async def _deliver(self) -> None:
        for link in list(self._open):
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await link.delivered()
            except (TimeoutError, ConnectionError):
                link.cut()
        await asyncio.sleep(0 if self.floor.clients else _IDLE_S)

    # While a restart is scripted, nobody listens.
    async def _mind_the_door(self) -> None:
        refuses = self.floor.faults.refuses(self.floor.exchange.at)
        if refuses and self._listening is not None:
            self._listening.close()
            self._listening = None
        elif not refuses and self._listening is None:
            await self.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Connection(self.floor, DESKS, writer)
        self._open.add(link)
        try:
            while data := await reader.read(_CHUNK):
                link.receive(data)
        except (MalformedInput, ConnectionError):
            # A client that does not speak the protocol, or is gone, is cut off.
            link.cut()
        finally:
            self._open.discard(link)
            link.leave()
            link.close()


async def serve(floor: Floor, port: int, free: ReplayedClock | None = None) -> None:
    """Listen on the port, say `ready PORT`, and run until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = Server(floor, port)
    listening = await server.start()
    print(f"ready {listening}", flush=True)  # noqa: T201 - the promised line
    await server.run(stopped, free)
