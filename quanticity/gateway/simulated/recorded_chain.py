"""A recorded option chain in force for its session: quotes, open interest, volume (pure).

At the instant of the snapshot every quote is the recorded one. At others a contract is repriced at
the volatility of its recorded mid; what a mid lies off its model, and its spread, stay with it.
"""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from quanticity.gateway.simulated import surface
from quanticity.gateway.simulated.noise import Counts, Floats
from quanticity.gateway.simulated.panels import Panel

_LOW, _HIGH, _HALVINGS = 0.01, 6.0, 50


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a file says, one entry per contract; without quotes bid and ask are 0."""

    name: str
    at: datetime
    day: date
    spot: float
    con_ids: Counts
    bid: Floats
    ask: Floats
    iv: Floats
    interest: Counts
    volume: Counts


@dataclass(frozen=True, slots=True, eq=False)
class RecordedChain:
    """A snapshot with what its quotes imply; contracts in the order of their ids."""

    snapshot: Snapshot
    iv: Floats
    offset: Floats
    spread: Floats

    def places(self, panel: Panel) -> tuple[Counts, NDArray[np.bool_]]:
        """Where a panel's contracts are here, and which of them are."""
        ids = self.snapshot.con_ids
        found = np.minimum(np.searchsorted(ids, panel.con_ids), len(ids) - 1)
        return found, ids[found] == panel.con_ids

    def quotes(
        self, panel: Panel, fair: surface.Valuation, tick: Floats
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Bid and ask around fair values, and for which contracts they hold."""
        place, known = self.places(panel)
        known = known & (self.spread[place] > 0)
        mid: Floats = np.maximum(fair.price + self.offset[place], 0)
        half = self.spread[place] / 2
        bid: Floats = np.maximum(np.floor((mid - half) / tick + 0.5 + 1e-6) * tick, 0)
        ask: Floats = np.maximum(np.floor((mid + half) / tick + 0.5 + 1e-6) * tick, bid + tick)
        return bid.round(2), ask.round(2), known


def implied(
    spot: float,
    series: surface.Series,
    mid: Floats,
    dividend: float,
    settings: surface.Settings,
    *,
    european: bool,
) -> tuple[Floats, Floats]:
    """Volatilities at which a chain is worth its mids, and what is left of each mid.

    By halving; a mid below the least model value leaves a remainder.
    """
    flat = surface.flat(settings)
    low, high = np.full(len(mid), _LOW), np.full(len(mid), _HIGH)
    years = np.maximum(series.years, 1e-9)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        at = surface.Series(series.strike, series.sign, series.years, middle**2 * years)
        cheap = surface.value(spot, at, dividend, flat, european=european).price < mid
        low, high = np.where(cheap, middle, low), np.where(cheap, high, middle)
    iv: Floats = (low + high) / 2
    at = surface.Series(series.strike, series.sign, series.years, iv**2 * years)
    rest: Floats = mid - surface.value(spot, at, dividend, flat, european=european).price
    return iv, rest
