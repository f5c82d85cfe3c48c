"""Indexes: SPX moves with SPY, VIX and VIX1D are read off SPY's surface (pure)."""

from datetime import datetime

import numpy as np

from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.prices import Tapes
from quanticity.gateway.simulated.surface import Surface

PARENT = "SPY"
# Index: sessions ahead, calendar days that its volatility is annualised over.
_HORIZONS = {"VIX1D": (1, 1.4), "VIX": (21, 30.0)}


def parent(name: str) -> str:
    """The stock that drives a symbol: itself, or SPY for an index."""
    return PARENT if listing.SYMBOLS[name].sec_type == "IND" else name


def daily_vol(tapes: Tapes, surface: Surface, name: str, at: datetime) -> float:
    """Implied volatility of one session: it rises as price falls below its central level."""
    driver = parent(name)
    tape = tapes.at(driver, at)
    deviation = tapes.deviation(driver, tape, tape.second(at))
    level = np.exp(-surface.settings.leverage * deviation)
    return tapes.stock(driver).daily_vol_frac * float(np.clip(level, 0.4, 3.0))


def level(tapes: Tapes, surface: Surface, name: str, at: datetime) -> float:
    """The index at an instant of regular hours."""
    if name in _HORIZONS:
        ahead, days = _HORIZONS[name]
        theta = surface.theta(at, ahead, daily_vol(tapes, surface, PARENT, at))
        return round(100 * float(np.sqrt(theta * 365 / days)), 2)
    tape = tapes.at(PARENT, at)
    return round(tapes.index_multiple(tape.session.date) * tape.mid(tape.second(at)), 2)
