"""Sockets: the operators' snapshot once a second, and the members' feed as it is released.

What a viewer may see is asked of the rows and the clock each time; the store may come and go
without closing a socket.
"""

import asyncio
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from reporting.dashboard import access, hub, live
from reporting.dashboard.formats import whole

EVERY_S = 1.0
RECHECK_TICKS = 3  # revocation reaches our sockets within 5 s (DOMAIN 8.3)
HEALTH_TICKS = 5
HEARTBEAT_S = 15.0


class DashboardConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # untyped library
    """The operators' dashboard, whole, once a second until they leave or may no longer look."""

    channel_layer_alias = ""  # none

    async def connect(self) -> None:
        """Accept; whoever may not look is closed with a code that a browser can read."""
        self._ticking: asyncio.Task[None] | None = None
        await self.accept()
        if await self._may_look():
            self._ticking = asyncio.create_task(self._tick())
        else:
            await self.close(hub.FORBIDDEN)

    async def disconnect(self, _code: int) -> None:
        """Stop ticking."""
        if self._ticking is not None:
            self._ticking.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore what clients say: nothing is commanded over a socket."""

    async def _tick(self) -> None:
        try:
            for number in count():
                if number and number % RECHECK_TICKS == 0 and not await self._may_look():
                    await self.close(hub.FORBIDDEN)
                    return
                await self._show(number)
                await asyncio.sleep(EVERY_S)
        except DatabaseError:
            await self.close(hub.TRY_AGAIN)

    async def _may_look(self) -> bool:
        user = await database_sync_to_async(access.viewer)(self.scope["session"].session_key)
        return bool(user.is_active and user.is_staff)

    async def _show(self, number: int) -> None:
        """Send the snapshot, and now and then the machine's health."""
        await self.send(text_data=await database_sync_to_async(live.snapshot_text)())
        if number % HEALTH_TICKS == 0:
            await self.send(text_data=await database_sync_to_async(live.health_text)())


class FeedConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # untyped library
    """A member's feed, from `?after_seq=` on: what was missed, and then what the hub says."""

    channel_layer_alias = ""  # none

    async def connect(self) -> None:
        """Accept; whoever may not look is closed with a code that a browser can read."""
        self._seat: hub.Seat | None = None
        self._serving: asyncio.Task[None] | None = None
        await self.accept()
        member = await database_sync_to_async(access.member)(self.scope["session"].session_key)
        if member is None:
            await self.close(hub.FORBIDDEN)
            return
        self._seat = hub.Seat(member, _after_seq(self.scope))
        self._serving = asyncio.create_task(self._serve(self._seat))

    async def disconnect(self, _code: int) -> None:
        """Stop writing."""
        if self._seat is not None:
            hub.hub().leave(self._seat)
        if self._serving is not None:
            self._serving.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore what clients say: nothing is commanded over a socket."""

    async def _serve(self, seat: hub.Seat) -> None:
        try:
            await self._catch_up(seat)
        except DatabaseError:
            seat.end(hub.TRY_AGAIN)
        else:
            hub.hub().join(seat)
        while isinstance(word := await self._next(seat), str):
            await self.send(text_data=word)
        await self.close(word)

    async def _catch_up(self, seat: hub.Seat) -> None:
        """Write what was missed at the client's own pace; a place beyond the end begins anew."""
        await self.send(text_data=_heartbeat(seat))
        newest = await database_sync_to_async(live.newest_seq)(seat.member.tier)
        if seat.seq > newest:
            seat.seq = newest
            await self.send(text_data=live.envelope(newest, "reset", {}))
        while missed := await database_sync_to_async(live.missed)(seat.member.tier, seat.seq):
            for seat.seq, text in missed:
                await self.send(text_data=text)
            if await database_sync_to_async(access.gone)({seat.member}):
                seat.end(hub.FORBIDDEN)
                return

    async def _next(self, seat: hub.Seat) -> str | int:
        """What is to be written next; a heartbeat when nothing was for a while."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                return await seat.words.get()
        except TimeoutError:
            return _heartbeat(seat)


def _heartbeat(seat: hub.Seat) -> str:
    return live.envelope(seat.seq, "heartbeat", {"tier": seat.member.tier})


def _after_seq(scope: dict[str, Any]) -> int:
    text = parse_qs(scope["query_string"].decode("latin1")).get("after_seq", ["0"])[0]
    return whole(text) or 0
