"""One broker connection, put together (ports.Gateway)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.contracts import Contracts
from quanticity.gateway.ibkr.feed import IbkrFeed
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ibkr.trading import IbkrTrading
from quanticity.gateway.ports import Connection, Listener


class IbkrGateway:
    """The broker behind a TWS socket, real or simulated."""

    def __init__(
        self,
        host: str,
        port: int,
        client_id: int,
        account: str,
        listener: Listener,
        settings: Settings,
    ) -> None:
        self._link = link = Link(host, port, client_id, account, listener, settings)
        contracts = Contracts(link, settings)
        self.trading = IbkrTrading(link, contracts, settings)
        self.feed = IbkrFeed(link, contracts, settings)
        link.orders, link.market = self.trading, self.feed
        link.on_up, link.on_down = self._on_up, self.trading.on_down
        link.on_ready = self.feed.on_connected
        link.on_remedy = self.feed.on_remedy
        link.on_stream_error = self.feed.on_stream_error

    def overhear(self, hear: Callable[[list[str]], None]) -> None:
        """Pass every raw message of the broker on, from the next connection."""
        self._link.on_message = hear

    def pace_on(self, taken: Iterable[float], tell: Callable[[Sequence[float]], None]) -> None:
        """Go on counting historical requests where the process before left off."""
        self.feed.pace_on(taken, tell)

    def check_account(self, check: Callable[[str], None]) -> None:
        """Ask this at each connection; it raises ConfigError for an account not to be traded."""
        self._link.on_account = check

    @property
    def connection(self) -> Connection:
        """What is known of the link now."""
        return self._link.connection

    @property
    def counters(self) -> Counter[str]:
        """What was counted since the start: errors by code, expired requests, reconnects."""
        return self._link.counters

    async def run(self) -> None:
        """Connect and stay connected until cancelled; raise ConfigError for a foreign account."""
        feed = asyncio.ensure_future(self.feed.run())
        link = asyncio.ensure_future(self._link.run())
        try:
            await asyncio.gather(feed, link)
        finally:
            for task in (feed, link):
                task.cancel()
            await asyncio.gather(feed, link, return_exceptions=True)

    async def _on_up(self) -> None:
        # Before anything is believed: what does the broker hold, and what was filled meanwhile?
        self.trading.on_connecting()
        await self.trading.synchronise()
        self.trading.on_synchronised()
