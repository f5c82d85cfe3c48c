"""Which chains exist: asked again when the answer was nothing."""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from quanticity.config.loader import section
from quanticity.gateway.ibkr.chains import Chains
from quanticity.gateway.ibkr.contracts import Series
from quanticity.gateway.ibkr.settings import Settings

pytestmark = pytest.mark.enable_socket
EXPIRY = date(2025, 11, 21)


@dataclass
class Listing:
    """A broker that finds no options at first."""

    answers: list[tuple[Series, ...]]
    asked: list[str] = field(default_factory=list)
    refused: asyncio.Event = field(default_factory=asyncio.Event)

    async def series(self, symbol: str) -> tuple[Series, ...]:
        self.asked.append(symbol)
        self.refused.set()
        return self.answers.pop(0)

    async def listed(self, symbol: str, root: str, expiry: date) -> tuple[Any, ...]:
        return (SimpleNamespace(root=root),)

    async def underlying(self, symbol: str) -> Any:
        return SimpleNamespace(secType="STK")


def test_a_chain_that_was_not_found_is_asked_for_again_after_a_reconnect(noon: Any) -> None:
    listing = Listing([(), (Series("SPY", 100, (EXPIRY,)),)])

    async def scenario() -> None:
        own = section("gateway.ibkr", Settings)
        link = SimpleNamespace(health=SimpleNamespace(is_up=True))
        chains = Chains(link, listing, own, {}, lambda _: None, dict, lambda: True)  # type: ignore[arg-type]
        found = asyncio.Event()
        chains.add("SPY")
        searching = asyncio.create_task(chains._search(found.set))
        async with asyncio.timeout(10):
            await listing.refused.wait()
            await asyncio.sleep(0)
            chains.on_connected()
            await found.wait()
        searching.cancel()

    asyncio.run(scenario())

    assert listing.asked == ["SPY", "SPY"]
