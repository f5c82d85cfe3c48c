"""A share of successes and how sure one may be of it."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of successes and its interval; all None without a trial."""

    rate: float | None
    low: float | None
    high: float | None


def wilson(wins: int, n: int, confidence: float) -> Rate:
    """Share of wins with Wilson's score interval: inside [0, 1] and useful for few trials."""
    if n == 0:
        return Rate(None, None, None)
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    rate, spread = wins / n, z * z / n
    middle = (rate + spread / 2.0) / (1.0 + spread)
    half = z / (1.0 + spread) * sqrt(rate * (1.0 - rate) / n + spread / (4.0 * n))
    return Rate(rate, max(0.0, middle - half), min(1.0, middle + half))
