"""Numbers that look random and depend on their key alone (pure)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

_ADD, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


def uniform(key: int | Counts, salt: int | Counts) -> Floats:
    """Numbers in [0, 1): the splitmix64 hash of key and salt (Steele and others, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        x = np.asarray(key).astype(np.uint64) * _ADD + np.asarray(salt).astype(np.uint64) * _FIRST
        x = (x ^ (x >> np.uint64(30))) * _FIRST
        x = (x ^ (x >> np.uint64(27))) * _SECOND
        x = x ^ (x >> np.uint64(31))
    share: Floats = (x >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    return share


def name_key(*parts: str) -> int:
    """A number for a name, the same in every process."""
    return sum(ord(letter) << 7 * n for n, letter in enumerate("".join(parts)[:7]))
