"""What the book could lose: value at risk and the stress grid (DOMAIN 6.15).

P&L in dollars, moves as fractions of spot, volatility in points. Shocks are instantaneous: time
does not pass. VaR is the worse of history (each past session's moves, every holding revalued) and
delta-gamma, P&L = sum of delta x + 50 gamma_1pct x^2 with x jointly normal:

    mean = 50 sum gamma_i S_ii      variance = d' S d + 2 sum_ij (50 g_i)(50 g_j) S_ij^2
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_PER_1PCT = 50.0  # half of the hundred that turn dollars per 1 % into dollars per move squared


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.stress]."""

    spot_moves_frac: tuple[float, ...]
    vol_moves_volpts: tuple[float, ...]
    tail_frac: float
    tail_sd: float
    sessions_n: int
    min_sessions_n: int
    sessions_a_year: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of moves and what the book gains by it."""

    spot_frac: float
    vol_volpts: float
    pnl_usd: float


def grid(settings: Settings) -> list[tuple[float, float]]:
    """Every combination of a spot move and a volatility move, none included."""
    return [
        (spot, vol)
        for spot in (*settings.spot_moves_frac, 0.0)
        for vol in (*settings.vol_moves_volpts, 0.0)
    ]


def cells(shocks: Sequence[tuple[float, float]], pnl_usd: ArrayLike) -> tuple[Cell, ...]:
    """Put each shock beside what it does."""
    return tuple(
        Cell(spot, vol, float(pnl))
        for (spot, vol), pnl in zip(shocks, np.asarray(pnl_usd, dtype=float), strict=True)
    )


def worst_loss_usd(found: Sequence[Cell]) -> float:
    """The largest loss of the grid, as a positive number."""
    return max(0.0, -min((cell.pnl_usd for cell in found), default=0.0))


def historical_usd(pnl_by_session: ArrayLike, settings: Settings) -> float | None:
    """The loss that all but `tail_frac` of past sessions stay within; None with too few."""
    pnl = np.sort(np.asarray(pnl_by_session, dtype=float))
    if len(pnl) < settings.min_sessions_n:
        return None
    return max(0.0, -float(pnl[int(settings.tail_frac * len(pnl))]))


def parametric_usd(
    delta_usd: ArrayLike, gamma_usd_per_1pct: ArrayLike, covariance: ArrayLike, settings: Settings
) -> float:
    """Delta-gamma loss at `tail_sd` standard deviations; one entry per underlying."""
    d, g = np.asarray(delta_usd, dtype=float), _PER_1PCT * np.asarray(gamma_usd_per_1pct, float)
    s: Floats = np.asarray(covariance, dtype=float)
    mean = float(g @ np.diag(s))
    variance = float(d @ s @ d + 2.0 * g @ (s * s) @ g)
    return max(0.0, settings.tail_sd * float(np.sqrt(variance)) - mean)


def worse(*losses: float | None) -> float | None:
    """The largest of the losses that are known; None when none is."""
    known = [loss for loss in losses if loss is not None]
    return max(known, default=None)
