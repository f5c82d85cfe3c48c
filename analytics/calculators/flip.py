"""Flip: the spot at which modelled dealer gamma changes sign (DOMAIN 3.2).

G(S') = sum weight_i Gamma_i(S') S'^2 / 100 is repriced at every S' with sigma, T, r and q fixed,
on a grid of 161 spots within 20 %; crossings are refined by regula falsi (Illinois). It is never
read off a cumulative sum over strikes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.calculators.inventory import Inventory

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 4096  # contracts per block, so that the spot x contract table stays in cache
_NEAR_ROOT = 0.005  # strength is the change of G over 1 % around the root
_ROOT_WIDTH = 1e-11  # fraction of spot to which a root is narrowed
_ROUNDS = 100  # some 6 are enough for a cell
_PHI_0 = 0.3989422804014327


@dataclass(frozen=True, slots=True)
class Settings:
    """The grid, and what counts as a crossing."""

    span: float
    step: float
    live_share: float
    min_strength: float

    def grid(self, spot: float) -> Floats:
        """Spots at which G is repriced."""
        count = round(2 * self.span / self.step)
        return np.asarray(spot * (1 - self.span + self.step * np.arange(count + 1)), dtype=float)


@dataclass(frozen=True, slots=True)
class Crossing:
    """One sign change of G: where, which way, how strongly (share of the largest |G|)."""

    spot_price: float
    slope_sign: int
    strength: float
    accepted: bool


@dataclass(frozen=True, slots=True)
class Flip:
    """The accepted crossing nearest spot (None with a reason code), and all crossings."""

    flip: float | None
    flip_reason: str | None
    flips: tuple[Crossing, ...]


def compute(inventory: Inventory, settings: Settings) -> Flip:
    """Reprice, find every crossing, accept the strong ones inside the grid."""
    spot, grid = inventory.priced.spot, settings.grid(inventory.priced.spot)
    profile = gamma_exposure(inventory, grid)
    top = float(np.abs(profile).max(initial=0.0))
    crossings = tuple(
        _refine(inventory, settings, grid, left, right, top)
        for left, right in brackets(profile, settings.live_share)
    )
    accepted = [c.spot_price for c in crossings if c.accepted]
    if accepted:
        return Flip(min(accepted, key=lambda at: (abs(at - spot), at)), None, crossings)
    return Flip(None, "WEAK_CROSSING" if crossings else "NO_CROSSING", crossings)


def gamma_exposure(inventory: Inventory, spots: Floats) -> Floats:
    """G at each spot, dollars of dealer delta per +1 %."""
    rows = np.flatnonzero(inventory.counted)
    total = np.zeros(len(spots))
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        total += inventory.weight[block] @ gamma_table(
            inventory, block, inventory.priced.sigma[block], spots
        )
    return total


def gamma_table(inventory: Inventory, rows: Ints, sigma: Floats, spots: Floats) -> Floats:
    """Gamma x S'^2 / 100 of each row (down) at each spot (across)."""
    p = inventory.priced
    t, carry = p.t[rows], p.q[rows] * p.t[rows]
    deviation = sigma * np.sqrt(t)
    center = (p.r[rows] * t - carry - np.log(p.strike[rows])) / deviation + 0.5 * deviation
    d1 = np.log(spots)[None, :] / deviation[:, None] + center[:, None]
    scale = 0.01 * _PHI_0 * np.exp(-carry) / deviation
    return np.asarray(scale[:, None] * np.exp(-0.5 * d1 * d1) * spots[None, :])


def brackets(profile: Floats, live_share: float) -> list[tuple[int, int]]:
    """Grid cells where G changes sign, with at most one dead point inside."""
    _, left, right = crossings(profile[None, :], live_share)
    return list(zip(left.tolist(), right.tolist(), strict=True))


def crossings(profiles: Floats, live_share: float) -> tuple[Ints, Ints, Ints]:
    """As `brackets` for many profiles (down): which profile, and the cell's two grid points."""
    top = np.abs(profiles).max(axis=1, initial=0.0, keepdims=True)
    side = np.where(np.abs(profiles) >= live_share * top, np.sign(profiles), 0.0)
    next_to = side[:, :-1] * side[:, 1:] < 0
    over_dead = (side[:, :-2] * side[:, 2:] < 0) & (side[:, 1:-1] == 0)
    (row, left), (far_row, far_left) = np.nonzero(next_to), np.nonzero(over_dead)
    rows, lefts = np.concatenate([row, far_row]), np.concatenate([left, far_left])
    rights = np.concatenate([left + 1, far_left + 2])
    order = np.lexsort((lefts, rows))
    return rows[order], lefts[order], rights[order]


def _refine(
    inventory: Inventory, settings: Settings, grid: Floats, left: int, right: int, top: float
) -> Crossing:
    rising = 1 if _profile(inventory, float(grid[right])) > 0 else -1
    root = _root(inventory, float(grid[left]), float(grid[right]))
    around = gamma_exposure(inventory, root * np.array([1 - _NEAR_ROOT, 1 + _NEAR_ROOT]))
    strength = abs(float(around[1] - around[0])) / top
    inside = left > 0 and right < len(grid) - 1
    return Crossing(root, rising, strength, inside and strength >= settings.min_strength)


def _root(inventory: Inventory, low: float, high: float) -> float:
    """The zero between two spots where G has different signs."""
    at_low, at_high = _profile(inventory, low), _profile(inventory, high)
    before, width = low, _ROOT_WIDTH * inventory.priced.spot
    for _ in range(_ROUNDS):
        root = (low * at_high - high * at_low) / (at_high - at_low)
        at_root = _profile(inventory, root)
        if at_root == 0 or abs(root - before) <= width:
            return root
        if at_root * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low *= 0.5  # so that the end that stays cannot hold the root back
        before, high, at_high = root, root, at_root
    return before


def _profile(inventory: Inventory, spot: float) -> float:
    return float(gamma_exposure(inventory, np.array([spot]))[0])
