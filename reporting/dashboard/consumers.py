"""Sockets: the operators' snapshot and the members' feed, each by the same reads as its page.

Nothing here listens to Redis: the store may come and go without closing a socket, and what a
member sees is asked of the row and the clock each time.
"""

import asyncio
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from publishing.subscriptions.selectors import tier_of
from quanticity.domain.tiers import Tier
from reporting.dashboard import live
from reporting.dashboard.access import viewer
from reporting.dashboard.formats import whole

FORBIDDEN = 4403
TRY_AGAIN = 1011
EVERY_S = 1.0
RECHECK_TICKS = 3  # revocation reaches our sockets within 5 s (DOMAIN 8.3)
HEALTH_TICKS = 5
HEARTBEAT_TICKS = 15


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # untyped library
    """Ticks once a second until the viewer leaves or may no longer look."""

    channel_layer_alias = ""  # none

    async def connect(self) -> None:
        """Accept; whoever may not look is closed with a code that a browser can read."""
        self._ticking: asyncio.Task[None] | None = None
        await self.accept()
        if await self._may_look():
            self._ticking = asyncio.create_task(self._tick())
        else:
            await self.close(FORBIDDEN)

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
                    await self.close(FORBIDDEN)
                    return
                await self.forward(number)
                await asyncio.sleep(EVERY_S)
        except DatabaseError:
            await self.close(TRY_AGAIN)

    async def _may_look(self) -> bool:
        return bool(await database_sync_to_async(self.may_look)())

    def may_look(self) -> bool:
        """Say whether the session's user may see this socket, asking the rows."""
        raise NotImplementedError

    async def forward(self, number: int) -> None:
        """Send what is new at this tick."""
        raise NotImplementedError

    @property
    def session_key(self) -> str | None:
        """The visitor's session."""
        key: str | None = self.scope["session"].session_key
        return key


class DashboardConsumer(LiveConsumer):
    """The operators' dashboard, whole, once a second."""

    def may_look(self) -> bool:
        """Staff only."""
        user = viewer(self.session_key)
        return user.is_active and user.is_staff

    async def forward(self, number: int) -> None:
        """Send the snapshot, and now and then the machine's health."""
        await self.send(text_data=await database_sync_to_async(live.snapshot_text)())
        if number % HEALTH_TICKS == 0:
            await self.send(text_data=await database_sync_to_async(live.health_text)())


class FeedConsumer(LiveConsumer):
    """A member's feed, from `?after_seq=` on; the tier is asked of its row each time."""

    async def connect(self) -> None:
        """Note where the client stopped."""
        self._tier: Tier | None = None
        self._seq = _after_seq(self.scope)
        await super().connect()

    def may_look(self) -> bool:
        """Members; a change of tier ends the socket, and the page comes back with the new one."""
        before, self._tier = self._tier, tier_of(viewer(self.session_key))
        return self._tier is not None and before in (None, self._tier)

    async def forward(self, number: int) -> None:
        """Send events whose time has come, and a heartbeat between them."""
        read = database_sync_to_async(live.events_after)
        for seq, text in await read(self._tier, self._seq):
            self._seq = seq
            await self.send(text_data=text)
        if number % HEARTBEAT_TICKS == 0:
            await self.send(text_data=live.envelope(self._seq, "heartbeat", {"tier": self._tier}))


def _after_seq(scope: dict[str, Any]) -> int:
    text = parse_qs(scope["query_string"].decode("latin1")).get("after_seq", ["0"])[0]
    return whole(text) or 0
