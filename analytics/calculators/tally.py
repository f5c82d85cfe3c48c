"""Sums of one inventory by expiry and by strike, in dollars (DOMAIN 3.1, 3.4).

Where the compiled kernels are loaded, Greeks and sums are one pass over the columns; else the
Greeks that were priced are added up. Both give the same sums to 1e-12 of the largest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import compiled
from analytics.calculators.inventory import Inventory

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Columns of a tally: USD per 1 %, USD, USD per vol point, USD per day.
GEX, DEX, VEX, CEX = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """`by_expiry` has a row per entry of the chain's expiries and a column per exposure.

    Expiries beyond the horizon have their sums too, but are in no total; `by_strike` (calls,
    puts; gamma exposure) holds the rows inside the horizon only.
    """

    by_expiry: Floats
    within: NDArray[np.bool_]
    strike: Floats
    by_strike: Floats

    def total(self, exposure: int) -> float:
        """Sum over the expiries inside the horizon."""
        return float(self.by_expiry[self.within, exposure].sum())


def compute(held: Inventory) -> Tally:
    """Add up every listed row."""
    p = held.priced
    within = np.zeros(len(p.expiries), dtype=bool)
    within[p.expiry_idx[held.counted]] = True
    cell = np.where(held.counted, 2 * p.strike_at + (p.right < 0), 2 * len(p.strikes))
    by_expiry, by_cell = _fused(held, cell) or _added(held, cell)
    counted = np.bincount(p.strike_at[held.counted], minlength=len(p.strikes)) > 0
    by_strike = by_cell[:-1].reshape(-1, 2)
    return Tally(by_expiry, within, p.strikes[counted], by_strike[counted])


def _fused(held: Inventory, cell: Ints) -> tuple[Floats, Floats] | None:
    p = held.priced
    found = compiled.exposures(
        p.spot, (p.right, p.strike, p.t, p.sigma, p.r, p.q), p.starts, held.weight, cell,
        2 * len(p.strikes) + 1,
    )  # fmt: skip
    if found is None:
        return None
    by_run, by_cell = found
    by_expiry = np.zeros((len(p.expiries), len((GEX, DEX, VEX, CEX))))
    np.add.at(by_expiry, p.expiry_idx[p.starts[:-1]], by_run)
    return by_expiry, by_cell


def _added(held: Inventory, cell: Ints) -> tuple[Floats, Floats]:
    p, rows = held.priced, np.flatnonzero(held.weight)
    weight, expiry = held.weight[rows] * p.spot, p.expiry_idx[rows]
    gamma = weight * p.greeks.gamma[rows] * (0.01 * p.spot)
    columns = (
        gamma,
        weight * p.greeks.delta[rows],
        weight * p.greeks.vanna_per_volpt[rows],
        weight * p.charm_per_day[rows],
    )
    by_expiry = np.stack(
        [np.bincount(expiry, column, len(p.expiries)) for column in columns], axis=1
    )
    by_cell = np.bincount(cell[rows], gamma, 2 * len(p.strikes) + 1)
    return by_expiry.astype(float), by_cell.astype(float)
