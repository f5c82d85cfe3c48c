"""Volatility smile of one expiry: total variance, linear in log-moneyness (DOMAIN 2.3, 3.7).

k = ln(K/F); between quoted points the total variance sigma^2 T is linear in k, beyond the
outermost points the volatility is theirs. It serves contracts that have open interest but no
usable quote, and the at-the-money level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Smile:
    """Quoted out-of-the-money points of one expiry, ascending in k; sigma as a fraction."""

    k: Floats
    sigma: Floats

    def at(self, k: ArrayLike) -> Floats:
        """Volatility at log-moneyness k."""
        variance = np.interp(np.asarray(k, dtype=float), self.k, self.sigma * self.sigma)
        return np.asarray(np.sqrt(variance))


def compute(k: Floats, sigma: Floats) -> Smile | None:
    """Fit points in any order; the mean where a k repeats, None without a single point."""
    good = np.isfinite(k) & np.isfinite(sigma)
    if not good.any():
        return None
    unique, inverse, counts = np.unique(k[good], return_inverse=True, return_counts=True)
    return Smile(unique, np.bincount(inverse, weights=sigma[good]) / counts)
