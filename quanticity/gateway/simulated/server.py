"""The socket of the simulated exchange: accepts clients, pulses their streams, ends cleanly."""

import asyncio
import contextlib
import signal
from dataclasses import dataclass

from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import (
    account_desk,
    data_desk,
    history_desk,
    order_desk,
    reference_desk,
)
from quanticity.gateway.simulated.connection import Connection
from quanticity.gateway.simulated.faults import Faults
from quanticity.gateway.simulated.floor import Floor

DESKS = (
    account_desk.DESK | data_desk.DESK | history_desk.DESK | order_desk.DESK | reference_desk.DESK
)
_CHUNK = 1 << 16


@dataclass(slots=True)
class Server:
    """The exchange behind its port."""

    floor: Floor
    faults: Faults
    port: int = 0
    _server: asyncio.Server | None = None
    _account_due: float = 0.0

    async def start(self, host: str = "127.0.0.1") -> int:
        """Begin to listen; return the port."""
        self._server = await asyncio.start_server(self._serve, host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def run(self, stopped: asyncio.Event) -> None:
        """Pulse until told to stop, then close every connection."""
        try:
            while not stopped.is_set():
                self.pulse()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopped.wait(), self.floor.settings.pulse_s)
        finally:
            self.close()

    def pulse(self) -> None:
        """One beat: step the exchange, then send what changed."""
        now = self.floor.now()
        self.faults.beat(self, now)
        turned = self.floor.board.turn(now)
        links = [link for link in self.floor.listeners.values() if isinstance(link, Connection)]
        if turned:
            for link in links:
                link.pulse(now)
        if now.timestamp() >= self._account_due:
            self._account_due = now.timestamp() + self.floor.settings.account_refresh_s
            for link in links:
                for changes in list(link.account_streams.values()):
                    link.send(*changes(now))

    def close(self) -> None:
        """Stop listening and drop every client."""
        if self._server is not None:
            self._server.close()
        for link in list(self.floor.listeners.values()):
            if isinstance(link, Connection):
                link.close()
        self.floor.save()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Connection(self.floor, writer, self.faults)
        try:
            while data := await reader.read(_CHUNK):
                link.receive(data, DESKS)
        except (MalformedInput, ConnectionError):
            pass
        finally:
            link.leave()
            link.close()


async def serve(floor: Floor, faults: Faults, port: int) -> None:
    """Listen on the port, say `ready PORT`, and run until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = Server(floor, faults, port)
    listening = await server.start()
    print(f"ready {listening}", flush=True)  # noqa: T201 - the promised line
    await server.run(stopped)
