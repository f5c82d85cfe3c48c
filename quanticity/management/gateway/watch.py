"""How long nothing was seen, of the link and symbol by symbol; kept in rows, told in reports."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from analytics.services import blindness
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.gateway.ports import Connection, ConnectionState
from quanticity.management.gateway.blindness import BlindLedger, Span
from quanticity.management.gateway.freshness import Freshness
from quanticity.management.gateway.freshness import Settings as FreshnessSettings
from quanticity.management.gateway.hands import Hands

BLINDNESS_S = 5.0


class Watch:
    """The ledger of blind time and the freshness of each symbol."""

    def __init__(self, feed: str, hands: Hands) -> None:
        self._feed, self._hands = feed, hands
        self._blind = BlindLedger()
        self._freshness = Freshness(section("gateway.freshness", FreshnessSettings))
        self._spans: list[Span] = []
        self.hear = self._freshness.hear

    async def resume(self) -> None:
        """Count the time in which no gateway process ran."""
        now = clock.now()
        stopped = await self._hands.on(self._hands.sql, blindness.resume, self._feed, now)
        if stopped is not None:
            self._blind.restore(*stopped, now)

    async def keep(self) -> None:
        """Write the ledger down."""
        while True:
            await asyncio.sleep(BLINDNESS_S)
            await self.write()

    async def write(self) -> None:
        """Write what is not in rows yet."""
        ledger = self._blind
        spans, self._spans = [*ledger.drain(), *self._spans], []
        if ledger.looked_at is not None:
            await self._hands.on(
                self._hands.sql, blindness.keep, self._feed, ledger.session, ledger.session_s,
                ledger.looked_at, spans,
            )  # fmt: skip

    def look(
        self, link: Connection | None, symbols: Sequence[str], now: datetime
    ) -> dict[str, Any]:
        """Look once; what the report says of it."""
        if link is None:
            self._blind.look(now, None)
        else:
            self._blind.look(now, link.state, link.detail)
        is_whole = link is not None and link.state is ConnectionState.CONNECTED
        heard = self._freshness.look(symbols, now) if is_whole else {}
        self._spans += self._freshness.drain(heard, now)
        return {
            "blind_300s_s": self._blind.recent_s(now),
            "blind_300s_by_symbol": self._freshness.blind_s(now),
            "blind_session_s": self._blind.session_s,
            "feeds": heard,
        }
