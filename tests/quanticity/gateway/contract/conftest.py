"""Fixtures of the contract: those of the simulated exchange."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "simulated"))

from simulated_world import market, play

__all__ = ["market", "play"]
