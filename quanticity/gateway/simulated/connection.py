"""One client's connection: handshake, requests to their desks, subscriptions, what it is sent."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime

from quanticity.domain import calendar
from quanticity.domain.clock import eastern
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import contracts, order_messages, wire
from quanticity.gateway.simulated.contracts import Asked, Listed
from quanticity.gateway.simulated.fault_script import Action
from quanticity.gateway.simulated.floor import Floor
from quanticity.gateway.simulated.history_stream import HistoryStream
from quanticity.gateway.simulated.pace import Bucket
from quanticity.gateway.simulated.streams import Stream
from quanticity.gateway.simulated.wire import Fields, Frames, frame

OLDEST, NEWEST = 157, 178
_START_API = 71
_FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2104, "Market data farm connection is OK:usopt"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
_STRIKES = 3
LIVE = 1

Handler = Callable[["Connection", Fields], None]
Desks = dict[int, Handler]


class Connection:
    """A client that is connected; what it asked for dies with it."""

    def __init__(self, floor: Floor, desks: Desks, writer: asyncio.StreamWriter) -> None:
        self.floor = floor
        self.client_id = -1
        self.version = 0
        self.data_type = LIVE
        self.silent: set[int] = set()  # streams that miss the next pulse
        self.wants_positions = False
        self.wants_account = False
        self.streams: dict[int, Stream] = {}
        self.asked_history: list[tuple[datetime, str]] = []
        self.asked_bars: list[datetime] = []
        self.account_streams: dict[object, Callable[[datetime], Iterator[bytes]]] = {}
        self._closers: dict[int, Callable[[], None]] = {}
        self._desks = desks
        self._writer = writer
        self._frames = Frames()
        self._greeted = False
        # While the exchange is stalled or cut off: bytes in, requests, bytes out that wait.
        self._unread = b""
        self._postponed: list[tuple[Handler, Fields]] = []
        self._unsent: list[bytes] = []
        self._bucket = Bucket(floor.settings.messages_per_s)
        self._strikes = 0

    # In

    def receive(self, data: bytes) -> None:
        """Handle what came; raise MalformedInput when it cannot be the protocol."""
        self._unread += data
        if self.floor.faults.is_stalled(self.floor.now()):
            return
        data, self._unread = self._unread, b""
        for fields in self._frames.feed(self._greet(data)):
            if self.version:
                self._handle(fields)
            else:
                self._agree(fields)

    # The first four bytes are no frame.
    def _greet(self, data: bytes) -> bytes:
        if self._greeted or not data:
            return data
        if not data.startswith(wire.GREETING):
            raise MalformedInput(f"expected {wire.GREETING!r}, was {data[:8]!r}")
        self._greeted = True
        return data[len(wire.GREETING) :]

    def _agree(self, fields: list[str]) -> None:
        span = fields[0].removeprefix("v").split(" ")[0].split("..")
        if not all(part.isdigit() for part in span):
            raise MalformedInput(f"expected a version span, was {fields[0]!r}")
        self.version = min(int(span[-1]), NEWEST)
        if self.version < max(int(span[0]), OLDEST):
            raise MalformedInput(f"expected a version of {OLDEST} to {NEWEST}, was {fields[0]!r}")
        self.send(frame(self.version, f"{eastern(self.floor.now()):%Y%m%d %H:%M:%S} EST"))

    def _handle(self, fields: list[str]) -> None:
        read = Fields(fields)
        # What is no number is no message that anybody knows; the next one may be.
        kind = read.integer() if fields and fields[0].isdecimal() else 0
        handler = self._desks.get(kind)
        if kind == _START_API:
            self._start(read)
        elif handler is None or self.client_id < 0:
            self.error(-1, 505, "Fatal Error: Unknown message id.")
        elif self.floor.faults.meet_message(self, self.floor.now()) or self._is_hasty():
            return
        elif self.floor.faults.holds(kind):
            self._postponed.append((handler, read))
        else:
            self._answer(handler, read)

    def _answer(self, handler: Handler, read: Fields) -> None:
        try:
            handler(self, read)
        except MalformedInput as error:
            self.error(-1, 320, f"Error reading request: {error}")

    # More messages than permitted: error 100, and the third time the end.
    def _is_hasty(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if self._bucket.take(now_s, self.floor.lateness.at(now_s)):
            return False
        self._strikes += 1
        self.error(-1, 100, "Max rate of messages per second has been exceeded")
        if self._strikes >= _STRIKES:
            self.close()
        return True

    def _start(self, read: Fields) -> None:
        read.skip()
        client_id = read.integer()
        if client_id in self.floor.clients or self.floor.is_taken(client_id):
            self.error(-1, 326, "Unable to connect as the client id is already in use.")
            self.close()
            return
        self.client_id = client_id
        self.floor.clients[client_id] = self
        proper = self.floor.exchange.books.next_order_id(client_id)
        next_id = self.floor.faults.next_order_id(proper, self.floor.exchange.at)
        self.send(frame(15, 1, self.floor.account_id), frame(9, 1, next_id))
        for code, text in _FARMS:
            self.error(-1, code, text)

    # Out

    def send(self, *messages: bytes) -> None:
        """Write messages; a client that does not read is cut off before it fills the memory."""
        if self._writer.is_closing():
            return
        omitted = self.floor.faults.omitted(self.floor.exchange.at)
        if omitted is not None:
            # A frame begins with four bytes of length, then the id of its message.
            left_out = b"%d\0" % omitted
            messages = tuple(m for m in messages if not m[4:].startswith(left_out))
        self._unsent += messages
        if self.floor.faults.is_stalled(self.floor.exchange.at):
            return
        self._writer.write(b"".join(self._unsent))
        self._unsent = []
        if self._writer.transport.get_write_buffer_size() > self.floor.settings.most_unsent_bytes:
            self.cut()

    async def delivered(self) -> None:
        """Wait until what was written is on its way."""
        await self._writer.drain()

    def error(self, request_id: int, code: int, text: str) -> None:
        """Send an error message."""
        self.send(order_messages.error(request_id, code, text, self.version))

    def close(self) -> None:
        """End the connection, after what is already written."""
        self._writer.close()

    def cut(self) -> None:
        """End the connection at once; nothing more is sent."""
        self._writer.transport.abort()
        self._writer.close()

    # After a stall or an outage

    def resume(self) -> None:
        """Do what had to wait."""
        postponed, self._postponed = self._postponed, []
        for handler, read in postponed:
            self._answer(handler, read)

    def catch_up(self) -> None:
        """Read and write what a stall has held up."""
        if self._unread:
            self.receive(b"")
        if self._unsent:
            self.send()

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

    def lose_streams(self) -> None:
        """Drop every market data subscription."""
        for request_id in list(self.streams):
            self.end(request_id)

    def lose_history(self) -> None:
        """End live history, as a loss of connectivity does."""
        for request_id, stream in list(self.streams.items()):
            if isinstance(stream, HistoryStream):
                self.end(request_id)
                self.error(request_id, 10182, "Failed to request live updates (disconnected).")

    def pulse(self, now: datetime) -> None:
        """Send what changed on every subscription."""
        silent, self.silent = self.silent, set()
        streams = [s for s in self.streams.values() if s.request_id not in silent]
        messages = [m for stream in streams for m in stream.pulse(now)]
        if self.floor.faults.is_on(Action.SHUFFLE, now):
            messages = [m for m in messages[::-1] for _ in range(2)]
        if messages:
            self.send(*messages)

    def pulse_account(self, now: datetime) -> None:
        """Send what changed of the account."""
        messages = [m for changes in self.account_streams.values() for m in changes(now)]
        if messages:
            self.send(*messages)

    def leave(self) -> None:
        """Forget the client: its subscriptions, and orders it never transmitted."""
        self.lose_streams()
        if self.floor.clients.get(self.client_id) is self:
            del self.floor.clients[self.client_id]
            self.floor.exchange.books.forget_held(self.client_id)

    # Contracts

    def find(self, request_id: int, asked: Asked) -> Listed | None:
        """The contract meant; answers error 200 or 321 when there is none."""
        cause = "Error validating request:-'bw' : cause -"
        if not (asked.con_id or asked.symbol or asked.local_symbol):
            self.error(request_id, 321, f"{cause} Please enter a valid security type")
            return None
        if not asked.exchange:
            self.error(request_id, 321, f"{cause} Missing order exchange")
            return None
        listed = contracts.exactly(asked, calendar.session_date(self.floor.now()))
        if listed is None:
            text = "No security definition has been found for the request"
            self.error(request_id, 200, text)
        return listed
