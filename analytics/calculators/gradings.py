"""Estimates held against what came: open interest, flagged contracts, the closing imbalance.

DOMAIN 1.10, 3.15, 3.16. Errors are in the unit of the estimate, shares are fractions. CRPS is the
continuous ranked probability score of a normal forecast (Gneiting and Raftery, JASA 102(477),
2007): its mean absolute error when it is a point, smaller is better.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist, median

from analytics.calculators.option_flow import Sums

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Settings:
    """When a flag is confirmed, when the close is held to its estimate, how sure hit rates are."""

    confirm_share: float
    close_minutes: float
    confidence: float


@dataclass(frozen=True, slots=True)
class InterestScore:
    """Median absolute percentage error of live open interest, and of yesterday's as it stood."""

    mape: float
    mape_unchanged: float
    n: int


def open_interest(sums: Mapping[str, Sums], settled: Mapping[str, int]) -> InterestScore | None:
    """Yesterday's estimate of each traded contract against this morning's settled figure."""
    errors, unchanged = [], []
    for occ, one in sums.items():
        came, estimate = settled.get(occ), one.live_interest
        if came and estimate is not None and one.settled is not None:
            errors.append(abs(estimate - came) / came)
            unchanged.append(abs(one.settled - came) / came)
    if not errors:
        return None
    return InterestScore(100 * median(errors), 100 * median(unchanged), len(errors))


def is_confirmed(traded: Sums, settled: int, settings: Settings) -> bool | None:
    """Whether open interest grew by enough of what was traded; None where it was not known."""
    if traded.settled is None:
        return None
    return settled - traded.settled >= settings.confirm_share * traded.contracts


def crps(mean: float, sd: float, came: float) -> float:
    """Score of a normal forecast, in its unit; without a spread the absolute error."""
    if sd <= 0:
        return abs(came - mean)
    z = (came - mean) / sd
    return sd * (z * (2 * _NORMAL.cdf(z) - 1) + 2 * _NORMAL.pdf(z) - 1 / math.sqrt(math.pi))
