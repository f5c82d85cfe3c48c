"""The hub: one reader for all members' sockets of this process; each event is encoded once a tier.

The bell makes it look at once; without one it looks once a second. Before an event goes out the
right to it is asked again for everybody who would get it. What a client has not read yet waits in
its seat; who is too far behind loses the seat and asks the API for the rest.
"""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError

from quanticity.domain.tiers import Tier
from quanticity.store import bell
from quanticity.store.client import StoreDown
from reporting.dashboard import access, live

logger = logging.getLogger(__name__)
FORBIDDEN, BEHIND, TRY_AGAIN = 4403, 4408, 1011
EVERY_S = 1.0  # looks at least as often, and listens again after a silence
RECHECK_S = 3.0  # revocation reaches our sockets within 5 s (DOMAIN 8.3)
MOST_UNREAD = 500


@dataclass(eq=False, slots=True)
class Seat:
    """One member's socket: its place in the feed, and what is still to be written to it."""

    member: access.Member
    seq: int
    words: asyncio.Queue[str | int] = field(default_factory=asyncio.Queue)  # texts, then an end

    def tell(self, seq: int, text: str) -> None:
        """Have one event written, unless it was already."""
        if seq > self.seq:
            self.seq = seq
            self.words.put_nowait(text)

    def end(self, code: int) -> None:
        """Have the socket closed, and nothing more written."""
        while not self.words.empty():
            self.words.get_nowait()
        self.words.put_nowait(code)


class Hub:
    """Reads while anybody sits here."""

    def __init__(self) -> None:
        self._seats: set[Seat] = set()
        self._rung = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._checked_s = time.monotonic()

    def join(self, seat: Seat) -> None:
        """Tell this seat everything from its place on."""
        self._seats.add(seat)
        self._rung.set()
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    def leave(self, seat: Seat) -> None:
        """Tell it nothing more."""
        self._seats.discard(seat)
        if not self._seats and self._running is not None:
            self._running.cancel()
            self._running = None

    async def _run(self) -> None:
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        await self._rung.wait()
                self._rung.clear()
                await self._look()
        except DatabaseError as error:
            logger.warning("the feed's sockets are closed, to come again: %s", type(error).__name__)
        finally:
            listening.cancel()
            self._end(self._seats, TRY_AGAIN)  # nobody sits where nobody reads

    async def _listen(self) -> None:
        while True:
            with suppress(StoreDown):
                async for _ in bell.rings():
                    self._rung.set()
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        if time.monotonic() - self._checked_s >= RECHECK_S:
            self._checked_s = time.monotonic()
            await self._part_with_the_gone(self._seats)
        for tier in Tier:
            while seats := {seat for seat in self._seats if seat.member.tier is tier}:
                after_seq = min(seat.seq for seat in seats)
                events = await database_sync_to_async(live.events)(tier, after_seq)
                if events:
                    await self._part_with_the_gone(seats)
                    self._tell(seats & self._seats, events)
                if len(events) < live.AT_ONCE:
                    break

    async def _part_with_the_gone(self, seats: set[Seat]) -> None:
        members = {seat.member for seat in seats}
        gone = await database_sync_to_async(access.gone)(members)
        self._end({seat for seat in seats if seat.member in gone}, FORBIDDEN)

    def _tell(self, seats: set[Seat], events: live.Events) -> None:
        for seat in seats:
            for seq, text in events:
                seat.tell(seq, text)
        self._end({seat for seat in seats if seat.words.qsize() > MOST_UNREAD}, BEHIND)

    def _end(self, seats: set[Seat], code: int) -> None:
        for seat in list(seats):
            seat.end(code)
            self.leave(seat)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The one of this event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
