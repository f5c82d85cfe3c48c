"""American options on a Leisen-Reimer tree: value, delta, gamma, early exercise (DOMAIN 2.4).

The Peizer-Pratt inversion centers an odd number of steps on the strike, so that the error falls
with the square of the step count. Delta and gamma are read off the tree's second step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import black_scholes
from analytics.calculators.black_scholes import DAYS_PER_YEAR

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """Steps of the tree (odd, at least 201)."""

    steps: int


@dataclass(frozen=True, slots=True)
class American:
    """Value in dollars per share, its Greeks, and what early exercise adds to the European."""

    price: float
    delta: float
    gamma: float
    european_price: float
    early_exercise_premium: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How the tree's delta moves: per vol point, and per calendar day that passes."""

    vanna_per_volpt: float
    charm_per_day: float


@dataclass(frozen=True, slots=True)
class _Tree:
    """One step: factors up and down, chance of up, discount."""

    steps: int
    up: float
    down: float
    p: float
    discount: float


def compute(
    right: int,
    spot: float,
    strike: float,
    t: float,
    sigma: float,
    r: float,
    q: float,
    *,
    settings: Settings,
) -> American:
    """Price one contract; right +1 call, -1 put, t in years."""
    european = float(black_scholes.price(right, spot, strike, t, sigma, r, q))
    if t <= 0.0:
        slope = float(black_scholes.delta(right, spot, strike, 0.0, sigma, r, q))
        return American(european, slope, 0.0, european, 0.0)
    steps = settings.steps + 1 - settings.steps % 2
    tree = _tree(spot, strike, t, sigma, r, q, steps)
    value, second = _roll_back(right, spot, strike, tree)
    # Three nodes two steps in; their spots straddle today's, one of them nearly on it.
    at = spot * np.array([tree.down**2, tree.up * tree.down, tree.up**2])
    slopes = np.diff(second) / np.diff(at)
    gamma = (slopes[1] - slopes[0]) / ((at[2] - at[0]) / 2)
    delta = slopes[0] + gamma * (spot - (at[0] + at[1]) / 2)
    tree_european, _ = _roll_back(right, spot, strike, tree, may_exercise=False)
    # The tree lends its premium to the exact European value; exercising now bounds the sum.
    payoff = max(right * (spot - strike), 0.0)
    price = max(european + max(value - tree_european, 0.0), payoff)
    return American(price, float(delta), float(gamma), european, price - european)


def drift(
    right: int,
    spot: float,
    strike: float,
    t: float,
    sigma: float,
    r: float,
    q: float,
    *,
    settings: Settings,
) -> Drift:
    """Vanna and charm by central differences of the tree's delta."""

    def delta(at_t: float, at_sigma: float) -> float:
        return compute(right, spot, strike, at_t, at_sigma, r, q, settings=settings).delta

    half_vol, half_day = min(0.005, 0.1 * sigma), min(0.5 / DAYS_PER_YEAR, 0.1 * t)
    vanna = (delta(t, sigma + half_vol) - delta(t, sigma - half_vol)) / (2 * half_vol)
    charm = (delta(t - half_day, sigma) - delta(t + half_day, sigma)) / (2 * half_day)
    return Drift(0.01 * vanna, charm / DAYS_PER_YEAR)


def _tree(
    spot: float, strike: float, t: float, sigma: float, r: float, q: float, steps: int
) -> _Tree:
    dt = t / steps
    d1 = (math.log(spot / strike) + (r - q + sigma * sigma / 2) * t) / (sigma * math.sqrt(t))
    p = _peizer_pratt(d1 - sigma * math.sqrt(t), steps)
    growth = math.exp((r - q) * dt)
    up = growth * _peizer_pratt(d1, steps) / p
    return _Tree(steps, up, (growth - p * up) / (1 - p), p, math.exp(-r * dt))


def _peizer_pratt(z: float, steps: int) -> float:
    """Peizer-Pratt inversion, method 2."""
    inner = z / (steps + 1 / 3 + 0.1 / (steps + 1))
    size = math.sqrt(0.25 - 0.25 * math.exp(-inner * inner * (steps + 1 / 6)))
    return 0.5 + math.copysign(size, z)


def _roll_back(
    right: int, spot: float, strike: float, tree: _Tree, *, may_exercise: bool = True
) -> tuple[float, Floats]:
    """Value today, and the three values two steps in."""
    ups = np.arange(tree.steps + 1)
    downs = tree.steps - ups
    spots = spot * np.exp(ups * math.log(tree.up) + downs * math.log(tree.down))
    values = np.maximum(right * (spots - strike), 0.0)
    second = values[:3]
    for step in range(tree.steps - 1, -1, -1):
        values = tree.discount * (tree.p * values[1:] + (1 - tree.p) * values[:-1])
        if may_exercise:
            spots = spots[:-1] / tree.down
            values = np.maximum(values, right * (spots - strike))
        if step == 2:  # noqa: PLR2004 - where delta and gamma are read
            second = values.copy()
    return float(values[0]), second
