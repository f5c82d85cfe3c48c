"""Correlation of log returns, pair by pair, on minutes both symbols have (DOMAIN 3.18).

Pearson's rho in [-1, 1] from running sums over the last 500 minutes: a new minute costs one
rank-one update, whatever the length of the window. A pair with fewer than 120 common minutes is
None, never 0. `high_pairs` have |rho| >= 0.70. The same arithmetic over 60 daily returns is the
stable object that risk reads; the intraday one is for display.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.readings import Reading, Unavailable

Floats = NDArray[np.float64]
Row = tuple[float | None, ...]
_MIN_SYMBOLS = 3
# A pair is flat when rounding is all that is left of its variance.
_FLAT = 1e-24


@dataclass(frozen=True, slots=True)
class Settings:
    """Lengths in rows (minutes or days) and the limit of a high pair."""

    window: int
    min_common: int
    high: float
    max_step_s: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two symbols that move together, or against each other."""

    a: str
    b: str
    rho: float


@dataclass(frozen=True, slots=True)
class Correlation(Reading):
    """A square symmetric matrix in the order of `symbols`."""

    name: ClassVar[str] = "correlation"

    symbols: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]
    n_common: tuple[tuple[int, ...], ...]
    high_pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Returns of the window, oldest first, None where a symbol has none, and their pairwise sums.

    `sums` holds n, sum x_i, sum x_i^2, sum x_i x_j over the rows where both i and j are there.
    """

    symbols: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    sums: tuple[tuple[tuple[float, ...], ...], ...] = ()
    turned: int = 0
    at: datetime | None = None
    closes: dict[str, float] = field(default_factory=dict)


def update(state: State, at: datetime, closes: Mapping[str, float], settings: Settings) -> State:
    """Take the closes of one instant; an instant not later than the last changes nothing.

    A step longer than `max_step_s` (a night, a gap) gives no return, only a new beginning.
    """
    step_s = math.inf if state.at is None else (at - state.at).total_seconds()
    if step_s <= 0:
        return state
    moved = replace(state, at=at, closes=dict(closes))
    if step_s > settings.max_step_s:
        return moved
    row = tuple(_log_return(state.closes.get(name), closes.get(name)) for name in state.symbols)
    return _push(moved, row, settings.window)


def _push(state: State, row: Row, window: int) -> State:
    rows = (*state.rows, row)
    gone, kept = rows[:-window], rows[-window:]
    # Summed afresh once per turn, so that rounding cannot pile up.
    fresh = not state.sums or state.turned + 1 >= window
    sums = _products(kept) if fresh else np.array(state.sums) + _products((row,))
    if gone and not fresh:
        sums -= _products(gone)
    nested = tuple(tuple(tuple(line) for line in plane) for plane in sums.tolist())
    return replace(state, rows=kept, sums=nested, turned=0 if fresh else state.turned + 1)


def compute(state: State, settings: Settings) -> Correlation | Unavailable:
    """Read the matrix."""
    if len(state.symbols) < _MIN_SYMBOLS:
        return Unavailable("correlation", "INSUFFICIENT_SAMPLES", f"{len(state.symbols)} symbols")
    if not state.sums:
        return Unavailable("correlation", "NO_DATA", "no returns yet")
    sums = np.array(state.sums)
    common, rho = sums[0], _pearson(sums)
    rho[common < settings.min_common] = np.nan
    if np.isnan(rho).all():
        return Unavailable("correlation", "INSUFFICIENT_SAMPLES", f"{int(common.max())} rows")
    return Correlation(
        symbols=state.symbols,
        matrix=tuple(tuple(_known(value) for value in line) for line in rho),
        n_common=tuple(tuple(int(n) for n in line) for line in common),
        high_pairs=_high_pairs(state.symbols, rho, settings.high),
    )


def _log_return(before: float | None, after: float | None) -> float | None:
    """None unless both are prices: numbers above zero."""
    if before is None or after is None or not (0 < before < math.inf and 0 < after < math.inf):
        return None
    return math.log(after / before)


def _products(rows: Sequence[Row]) -> Floats:
    values = np.array(rows, dtype=np.float64)  # None becomes NaN
    there = np.isfinite(values).astype(np.float64)
    x = np.where(np.isfinite(values), values, 0.0)
    return np.stack([there.T @ there, x.T @ there, (x * x).T @ there, x.T @ x])


def _pearson(sums: Floats) -> Floats:
    n, x, xx, xy = sums
    n = np.maximum(n, 1.0)
    variance = np.maximum(xx / n - (x / n) ** 2, 0.0)
    # Row i, column j of `x` is sum x_i over common rows; its transpose is sum x_j.
    scale = np.sqrt(variance * variance.T)
    covariance = xy / n - (x / n) * (x.T / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.where(scale > _FLAT, covariance / scale, np.nan)
    return np.clip(rho, -1.0, 1.0)


def _high_pairs(symbols: Sequence[str], rho: Floats, high: float) -> tuple[Pair, ...]:
    above = np.triu(np.abs(np.nan_to_num(rho)) >= high, k=1)
    return tuple(Pair(symbols[i], symbols[j], float(rho[i, j])) for i, j in np.argwhere(above))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
