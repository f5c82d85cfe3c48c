"""Vanna and charm exposure by expiry and strike, in dollars (DOMAIN 3.4).

The same weights and rows as the totals of `dealer_flow`: what is listed per expiry sums to its
entry in `by_expiry`. + means the modelled dealer is long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.calculators.inventory import Inventory

Floats = NDArray[np.float64]
Cells = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Exposures:
    """One Greek: a row per strike, a column per expiry; None where nothing is held.

    `totals` is the sum per expiry over all its strikes, also those that are not listed.
    """

    cells: Cells
    totals: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ExposureGrid:
    """Dollars per vol point and per day at the strikes nearest spot, ascending."""

    spot_price: float
    strikes: tuple[float, ...]
    expiries: tuple[date, ...]
    vanna: Exposures
    charm: Exposures


def compute(held: Inventory, strikes_n: int) -> ExposureGrid | None:
    """Add up the counted rows; None when there are none."""
    p, rows = held.priced, np.flatnonzero(held.counted)
    if not len(rows):
        return None
    days = np.array([e.expiry_date.toordinal() for e in p.expiries])[p.expiry_idx[rows]]
    expiry, across = np.unique(days, return_inverse=True)
    strike, down = np.unique(p.strike[rows], return_inverse=True)
    nearest = np.sort(np.argsort(np.abs(strike - p.spot), kind="stable")[:strikes_n])
    dollars = held.weight[rows] * p.spot

    def exposures(per_share: Floats) -> Exposures:
        shape = (len(strike), len(expiry))
        at, size = down * len(expiry) + across, len(strike) * len(expiry)
        sums = np.bincount(at, dollars * per_share[rows], size).reshape(shape)
        present = np.bincount(at, minlength=size).reshape(shape) > 0
        cells = tuple(
            tuple(float(v) if p else None for v, p in zip(*row, strict=True))
            for row in zip(sums[nearest], present[nearest], strict=True)
        )
        return Exposures(cells, tuple(sums.sum(axis=0).tolist()))

    return ExposureGrid(
        spot_price=p.spot,
        strikes=tuple(strike[nearest].tolist()),
        expiries=tuple(date.fromordinal(int(day)) for day in expiry),
        vanna=exposures(p.greeks.vanna_per_volpt),
        charm=exposures(p.charm_per_day),
    )
