"""Fixtures of the contract: those of the simulated exchange."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / "simulated"), str(Path(__file__).parent)]

from simulated_world import market, play

__all__ = ["market", "play"]
