"""Error bars of GEX and flip: random books around the modelled one (DOMAIN 3.1, 3.2).

Each draw takes every volatility uniformly from its bid-ask interval, every open interest times a
lognormal factor, and turns the dealer sign of each strike with a small probability. Gamma between
the interval's ends is interpolated through the mid, which makes the draws two matrix products.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import black_scholes, flip
from analytics.calculators.inventory import Inventory
from quanticity.domain.readings import instant

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """How the books are drawn, and which quantiles bound the interval."""

    draws: int
    oi_sigma: float
    flip_chance_index: float
    flip_chance_single: float
    low: float
    high: float
    broad: tuple[str, ...]

    def is_single_name(self, symbol: str) -> bool:
        """True unless the symbol is a listed index or fund."""
        return symbol not in self.broad


@dataclass(frozen=True, slots=True)
class ErrorParts:
    """What each cause alone makes of the total's 90 % interval: half its width, dollars per +1 %.

    `open_interest` is settled last night; `missing_strikes` is not drawn: it is the whole gamma
    exposure of rows without a believable quote, whichever sign it has.
    """

    sign_model: float
    open_interest: float
    volatility: float
    missing_strikes: float | None


@dataclass(frozen=True, slots=True)
class ErrorBars:
    """Interval of total GEX (dollars per +1 %) and of the flip (dollars), shares of the draws.

    `flip_ci90` is None unless most draws have a flip at all.
    """

    ci90_usd_per_1pct: tuple[float, float]
    p_positive: float
    p_spot_above_flip: float
    p_flip: float
    flip_ci90: tuple[float, float] | None
    parts: ErrorParts


def seed(symbol: str, as_of: datetime) -> int:
    """The same chain always draws the same books."""
    digest = hashlib.sha256(f"{symbol}|{instant(as_of)}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def compute(
    inventory: Inventory,
    settings: Settings,
    flip_settings: flip.Settings,
    *,
    seed: int,
    is_single_name: bool,
) -> ErrorBars:
    """Draw the books and read total and flip off each."""
    spot = inventory.priced.spot
    grid = flip_settings.grid(spot)
    chance = settings.flip_chance_single if is_single_name else settings.flip_chance_index
    profiles = _profiles(inventory, settings, grid, np.random.default_rng(seed), chance)
    totals = profiles[:, len(grid) // 2]
    low, high = np.quantile(totals, [settings.low, settings.high])
    drawn, flips = _flips(profiles, grid, spot, flip_settings)
    above = totals > 0
    above[drawn] = spot > flips
    span = np.quantile(flips, [settings.low, settings.high]) if len(flips) else np.zeros(2)
    return ErrorBars(
        (float(low), float(high)),
        float(np.mean(totals > 0)),
        float(np.mean(above)),
        len(flips) / settings.draws,
        (float(span[0]), float(span[1])) if 2 * len(flips) > settings.draws else None,
        _parts(inventory, settings, chance),
    )


def _parts(inventory: Inventory, settings: Settings, chance: float) -> ErrorParts:
    """First-order spread of the total by cause; draws are independent, so variances add."""
    p, rows = inventory.priced, np.flatnonzero(inventory.counted & (inventory.weight != 0))
    z = float(NormalDist().inv_cdf(settings.high))
    unit = inventory.weight[rows] * p.spot**2 * 0.01
    dollars = unit * p.greeks.gamma[rows]
    net = np.bincount(p.strike_at[rows], dollars, len(p.strikes))
    terms = (p.r[rows], p.q[rows])
    low, high = (
        unit * black_scholes.gamma(p.spot, p.strike[rows], p.t[rows], sigma[rows], *terms)
        for sigma in (p.sigma_low, p.sigma_high)
    )
    known = float(np.abs(dollars[p.admitted[rows]]).sum())
    coverage = inventory.coverage
    return ErrorParts(
        sign_model=z * math.sqrt(4 * chance * (1 - chance) * float(net @ net)),
        open_interest=z * settings.oi_sigma * float(np.linalg.norm(dollars)),
        volatility=z * float(np.linalg.norm(np.nan_to_num(high - low))) / math.sqrt(12),
        missing_strikes=known * (1 / coverage - 1) if coverage else None,
    )


def _profiles(
    inventory: Inventory,
    settings: Settings,
    grid: Floats,
    random: np.random.Generator,
    chance: float,
) -> Floats:
    """G over the grid (across) in every draw (down)."""
    rows = np.flatnonzero(inventory.counted & (inventory.weight != 0))
    priced = inventory.priced
    strikes, at = np.unique(priced.strike[rows], return_inverse=True)
    turned = np.where(random.random((settings.draws, len(strikes))) < chance, -1.0, 1.0)
    profiles = np.zeros((settings.draws, len(grid)))
    for start in range(0, len(rows), _BLOCK):
        block, places = rows[start : start + _BLOCK], at[start : start + _BLOCK]
        size = (settings.draws, len(block))
        weight = inventory.weight[block] * turned[:, places]
        weight *= np.exp(settings.oi_sigma * random.standard_normal(size))
        lean = 2.0 * random.random(size) - 1.0
        low, high = weight * np.maximum(-lean, 0.0), weight * np.maximum(lean, 0.0)
        for part, sigma in (
            (weight - low - high, priced.sigma),
            (low, priced.sigma_low),
            (high, priced.sigma_high),
        ):
            profiles += part @ flip.gamma_table(inventory, block, sigma[block], grid)
    return profiles


def _flips(
    profiles: Floats, grid: Floats, spot: float, settings: flip.Settings
) -> tuple[Ints, Floats]:
    """Draws that have a flip, and the one nearest spot of each."""
    draw, left, right = flip.crossings(profiles, settings.live_share)
    at_left, at_right = profiles[draw, left], profiles[draw, right]
    root = grid[left] + at_left / (at_left - at_right) * (grid[right] - grid[left])
    ends = [_between(profiles, draw, grid, share * root) for share in (0.995, 1.005)]
    top = np.abs(profiles).max(axis=1, initial=0.0)[draw]
    accepted = (left > 0) & (right < len(grid) - 1)
    accepted &= np.abs(ends[1] - ends[0]) >= settings.min_strength * top
    draw, root = draw[accepted], root[accepted]
    nearest = np.lexsort((root, np.abs(root - spot), draw))
    with_flip, first = np.unique(draw[nearest], return_index=True)
    return with_flip, root[nearest[first]]


def _between(profiles: Floats, draw: Ints, grid: Floats, spots: Floats) -> Floats:
    """Linear interpolation of one profile each, flat beyond the grid."""
    place = np.clip((spots - grid[0]) / (grid[1] - grid[0]), 0.0, len(grid) - 1.0)
    cell = np.minimum(place.astype(np.int64), len(grid) - 2)
    low, high = profiles[draw, cell], profiles[draw, cell + 1]
    return np.asarray(low + (place - cell) * (high - low))
