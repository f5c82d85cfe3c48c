"""Rolling history: how unusual a value is against the values before it (DOMAIN 3.22).

z = (x - mean) / sd over the previous window, the value itself excluded, sd with n - 1;
z_robust = (x - median) / (1.4826 MAD). Both are in standard deviations, + is above usual. A z
against a flat history is unavailable, never 0. `tod_z` is the same against the same half hour of
earlier sessions, with its own minimum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quanticity.domain.readings import Reading

# Makes the median absolute deviation of a normal sample its standard deviation.
_MAD_TO_SD = 1.4826
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Settings:
    """Length of the history and the fewest samples that say something."""

    window: int
    min_samples: int
    min_tod_samples: int


@dataclass(frozen=True, slots=True)
class History(Reading):
    """Place of one value in its own history; `reason` says why z is missing."""

    name: ClassVar[str] = "rolling"

    z: float | None
    z_robust: float | None
    mean: float | None
    sd: float | None
    n: int
    window: int
    reason: str | None = None


def compute(history: Sequence[float], value: float | None, settings: Settings) -> History:
    """Place `value` in `history`, oldest first and without the value itself."""
    return _place(history, value, settings.window, settings.min_samples)


def compute_tod(same_bucket: Sequence[float], value: float | None, settings: Settings) -> History:
    """Place `value` among the values of the same half hour of earlier sessions."""
    return _place(same_bucket, value, settings.window, settings.min_tod_samples)


def append(history: Sequence[float], value: float, settings: Settings) -> tuple[float, ...]:
    """Add one sample and forget what lies before the window."""
    return (*history, value)[-settings.window :]


def _place(history: Sequence[float], value: float | None, window: int, least: int) -> History:
    sample = np.asarray(history[-window:], dtype=np.float64)
    n = len(sample)
    if value is None or not math.isfinite(value):
        return History(None, None, None, None, n, window, "NO_DATA")
    if n < least:
        return History(None, None, None, None, n, window, "INSUFFICIENT_SAMPLES")
    mean, sd = float(sample.mean()), float(sample.std(ddof=1))
    flat = sd < _FLAT * max(1.0, abs(mean))
    z = None if flat else (value - mean) / sd
    robust = _robust(sample, value)
    return History(z, robust, mean, sd, n, window, "ZERO_VARIANCE" if flat else None)


def _robust(sample: np.ndarray, value: float) -> float | None:
    median = float(np.median(sample))
    deviation = float(np.median(np.abs(sample - median)))
    return (value - median) / (_MAD_TO_SD * deviation) if deviation else None
