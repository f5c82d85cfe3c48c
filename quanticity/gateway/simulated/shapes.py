"""Shapes of a session second by second: volatility, volume, smoothing, round lots (pure)."""

import numpy as np
from numpy.typing import NDArray

from quanticity.gateway.simulated.levels import Floats

Ints = NDArray[np.int32]


def variance_shape(seconds: int, open_boost: float, close_boost: float) -> Floats:
    """Share of the session's variance in each second: high at the open, lower at noon."""
    t = np.arange(seconds) / seconds
    shape = 1 + open_boost * np.exp(-t / 0.08)
    shape += close_boost * np.exp(-(1 - t) / 0.06)
    share: Floats = shape / shape.sum()
    return share


def volume_shape(seconds: int, u_shape: float) -> Floats:
    """Share of the session's volume in each second, before noise."""
    t = np.arange(seconds) / seconds
    shape = 1 + u_shape * (2 * t - 1) ** 2
    share: Floats = shape / shape.sum()
    return share


def smooth(values: Floats, width: int, *, normalise: bool = True) -> Floats:
    """Moving mean over the last `width` seconds; `normalise` keeps unit variance."""
    total = np.cumsum(np.concatenate([np.zeros(width), values]))
    mean: Floats = (total[width:] - total[:-width]) / width
    return mean * np.sqrt(width) if normalise else mean


def lots(shares: Floats, own: np.random.Generator) -> Ints:
    """Whole shares, mostly in round lots; the fraction below one lot happens by chance."""
    lot = 100.0 if shares.mean() > 200 else 1.0  # noqa: PLR2004 - shares per second
    return (np.floor(shares / lot + own.random(len(shares))) * lot).astype(np.int32)
