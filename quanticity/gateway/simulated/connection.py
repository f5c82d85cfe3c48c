"""One client's connection: handshake, requests to their desks, subscriptions, what it is sent."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime

from quanticity.domain import calendar
from quanticity.domain.clock import eastern
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import contracts, order_messages, wire
from quanticity.gateway.simulated.contracts import Asked, Listed
from quanticity.gateway.simulated.faults import Faults
from quanticity.gateway.simulated.floor import Floor
from quanticity.gateway.simulated.streams import Stream
from quanticity.gateway.simulated.wire import Fields, Frames, frame

OLDEST, NEWEST = 157, 176
_START_API = 71

Handler = Callable[["Connection", Fields], None]


class Connection:
    """A client that is connected; what it asked for dies with it."""

    def __init__(self, floor: Floor, writer: asyncio.StreamWriter, faults: Faults) -> None:
        self.floor = floor
        self.faults = faults
        self.client_id = -1
        self.version = 0
        self.wants_positions = False
        self.wants_account = False
        self.streams: dict[int, Stream] = {}
        self.asked_history: list[tuple[datetime, str]] = []
        self.account_streams: dict[object, Callable[[datetime], Iterator[bytes]]] = {}
        self._closers: dict[int, Callable[[], None]] = {}
        self._writer = writer
        self._frames = Frames()
        self._greeted = False

    @property
    def is_ready(self) -> bool:
        """True once the client has told its id."""
        return self.client_id >= 0

    # In

    def receive(self, data: bytes, desks: dict[int, Handler]) -> None:
        """Handle what came; raise MalformedInput when it cannot be the protocol."""
        for fields in self._frames.feed(self._greet(data)):
            if not self.version:
                self._agree(fields)
            else:
                self._handle(fields, desks)

    # The first four bytes are no frame.
    def _greet(self, data: bytes) -> bytes:
        if self._greeted:
            return data
        if not data.startswith(wire.GREETING):
            raise MalformedInput(f"expected {wire.GREETING!r}, was {data[:8]!r}")
        self._greeted = True
        return data[len(wire.GREETING) :]

    def _agree(self, fields: list[str]) -> None:
        span = fields[0].removeprefix("v").split(" ")[0].split("..")
        try:
            low, high = int(span[0]), int(span[-1])
        except ValueError as error:
            raise MalformedInput(f"expected a version span, was {fields[0]!r}") from error
        self.version = min(high, NEWEST)
        if self.version < max(low, OLDEST):
            raise MalformedInput(f"expected a version of {OLDEST} to {NEWEST}, was {fields[0]!r}")
        at = f"{eastern(self.floor.now()):%Y%m%d %H:%M:%S} EST"
        self.send(frame(self.version, at))

    def _handle(self, fields: list[str], desks: dict[int, Handler]) -> None:
        read = Fields(fields)
        kind = read.integer()
        handler = desks.get(kind)
        if kind == _START_API:
            self._start(read)
        elif handler is None or not self.is_ready:
            self.error(-1, 505, "Fatal Error: Unknown message id.")
        else:
            self._answer(kind, handler, read)

    def _answer(self, kind: int, handler: Handler, read: Fields) -> None:
        if self.faults.before_request(self, kind):
            return
        try:
            handler(self, read)
        except MalformedInput as error:
            self.error(-1, 320, f"Error reading request: {error}")
        self.faults.after_request(self, kind)

    def _start(self, read: Fields) -> None:
        read.skip()
        client_id = read.integer()
        if client_id in self.floor.listeners:
            self.error(-1, 326, "Unable to connect as the client id is already in use.")
            self.close()
            return
        self.client_id = client_id
        self.floor.listeners[client_id] = self
        self.send(
            frame(15, 1, self.floor.account_id),
            frame(9, 1, self.floor.exchange.next_order_id(client_id)),
        )
        for code, text in (
            (2104, "Market data farm connection is OK:usfarm"),
            (2104, "Market data farm connection is OK:usopt"),
            (2106, "HMDS data farm connection is OK:ushmds"),
            (2158, "Sec-def data farm connection is OK:secdefil"),
        ):
            self.error(-1, code, text)

    # Out

    def send(self, *messages: bytes) -> None:
        """Write messages; a client that does not read is cut off before it fills the memory."""
        if self._writer.is_closing() or self.faults.is_silent:
            return
        self._writer.write(self.faults.outgoing(self, b"".join(messages)))
        if self._writer.transport.get_write_buffer_size() > self.floor.settings.most_unsent_bytes:
            self._writer.transport.abort()

    def error(self, request_id: int, code: int, text: str) -> None:
        """Send an error message."""
        self.send(order_messages.error(request_id, code, text, self.version))

    def close(self) -> None:
        """End the connection, after what is already written."""
        self._writer.close()

    # Subscriptions

    def subscribe(self, stream: Stream, closer: Callable[[], None] | None = None) -> None:
        """Add a live subscription and send its first messages."""
        self.end(stream.request_id)
        self.streams[stream.request_id] = stream
        if closer is not None:
            self._closers[stream.request_id] = closer
        now = self.floor.now()
        self.floor.board.turn(now)
        self.send(*stream.pulse(now))

    def end(self, request_id: int) -> bool:
        """Drop a subscription; say whether there was one."""
        closer = self._closers.pop(request_id, None)
        if closer is not None:
            closer()
        return self.streams.pop(request_id, None) is not None

    def pulse(self, now: datetime) -> None:
        """Send what changed on every subscription."""
        messages = [m for stream in self.streams.values() for m in stream.pulse(now)]
        if messages:
            self.send(*messages)

    def leave(self) -> None:
        """Forget the client: its subscriptions, and orders it never transmitted."""
        for request_id in list(self.streams):
            self.end(request_id)
        if self.floor.listeners.get(self.client_id) is self:
            del self.floor.listeners[self.client_id]
            self.floor.exchange.forget_held(self.client_id)

    # Contracts

    def find(self, request_id: int, asked: Asked) -> Listed | None:
        """The contract meant; answers error 200 or 321 when there is none."""
        if not (asked.con_id or asked.symbol or asked.local_symbol):
            self.error(
                request_id,
                321,
                "Error validating request:-'bw' : cause - Please enter a valid security type",
            )
            return None
        if not asked.exchange:
            self.error(
                request_id, 321, "Error validating request:-'bw' : cause - Missing order exchange"
            )
            return None
        today = calendar.session_date(self.floor.now())
        listed = contracts.exactly(asked, today)
        if listed is None:
            self.error(request_id, 200, "No security definition has been found for the request")
        return listed
