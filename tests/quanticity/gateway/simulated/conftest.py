"""Fixtures of the simulated exchange; what they are made of is in simulated_world.py."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from quanticity.config.loader import section
from quanticity.gateway.simulated import prices, surface
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.fault_script import Fault
from quanticity.gateway.simulated.market import Market

sys.path.append(str(Path(__file__).parent))

from simulated_world import HERE, MORNING, Desk, World, new_exchange, open_world


@pytest.fixture(scope="session")
def market() -> Market:
    """The market of the default seed."""
    return Market(
        section(f"{HERE}.prices", prices.Settings), section(f"{HERE}.surface", surface.Settings)
    )


@pytest.fixture
def exchange(market: Market) -> Exchange:
    """A fresh exchange that stands at 10:04:05."""
    return new_exchange(market, MORNING)


@pytest.fixture
def desk(exchange: Exchange) -> Desk:
    """Orders to the fresh exchange."""
    return Desk(exchange)


Scenario = Callable[[World], Awaitable[None]]


@pytest.fixture
def play(market: Market) -> Callable[..., None]:
    """Run a scenario against a server: `play(scenario, fault, ..., at=instant)`."""

    def run(scenario: Scenario, *faults: Fault, at: datetime = MORNING, **changes: Any) -> None:
        async def main() -> None:
            async with open_world(at, *faults, **({"market": market} | changes)) as world:
                await scenario(world)

        asyncio.run(main())

    return run
