"""Fixtures of the simulated exchange; what they are made of is in simulated_world.py."""

import sys
from pathlib import Path

import pytest

from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.market import Market

sys.path.append(str(Path(__file__).parent))

from simulated_world import MORNING, Desk, market, new_exchange, play

__all__ = ["market", "play"]


@pytest.fixture
def exchange(market: Market) -> Exchange:
    """A fresh exchange that stands at 10:04:05."""
    return new_exchange(market, MORNING)


@pytest.fixture
def desk(exchange: Exchange) -> Desk:
    """Orders to the fresh exchange."""
    return Desk(exchange)
