"""Buckets of equal volume, and the volume-weighted spread of price moves (DOMAIN 3.9).

The two accumulators behind VPIN. Both take one bar at a time in constant time and can be put down
and picked up anywhere, so that cutting a stream into other pieces changes nothing, not even the
last bit.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

Sums = tuple[float, float, float]


@dataclass(slots=True)
class Buckets:
    """Pours volume into buckets of `size` shares; the rest describes the open bucket.

    Two opinions of who bought go along: `bought` by bulk classification, `by_sides` by the sides
    of prints. NaN is "not known": it spoils the buckets it falls into and no other.
    """

    size: float
    filled: float = 0.0
    bought: float = 0.0
    by_sides: float = 0.0

    def pour(
        self, volume: float, buy_fraction: float, side_fraction: float = math.nan
    ) -> list[tuple[float, float]]:
        """Add a bar's volume; return what was bought in each bucket it fills, by both opinions."""
        full: list[tuple[float, float]] = []
        while volume >= (room := self.size - self.filled):
            full.append((self.bought + room * buy_fraction, self.by_sides + room * side_fraction))
            self.filled = self.bought = self.by_sides = 0.0
            volume -= room
        if volume:
            self.filled += volume
            self.bought += volume * buy_fraction
            self.by_sides += volume * side_fraction
        return full

    def resize(self, size: float) -> None:
        """Take a new bucket size; the open bucket stays as full, in parts, as it was."""
        scale = size / self.size
        self.size = size
        self.filled *= scale
        self.bought *= scale
        self.by_sides *= scale


class Spread:
    """Volume-weighted population standard deviation of the last `window` moves.

    sigma^2 = sum V (dP - mu)^2 / sum V with mu = sum V dP / sum V, kept as the running sums of
    V, V dP and V dP^2. Once per turn of the window they are summed afresh, so that rounding
    cannot pile up; `turned` counts the moves since.
    """

    def __init__(
        self,
        window: int,
        steps: Iterable[tuple[float, float]] = (),
        sums: Sums = (0.0, 0.0, 0.0),
        turned: int = 0,
    ) -> None:
        self.window = window
        self.steps = deque(steps, maxlen=window)
        self.sums = sums
        self.turned = turned

    def __len__(self) -> int:
        """Number of moves inside the window."""
        return len(self.steps)

    def push(self, move: float, volume: float) -> None:
        """Add one move, forgetting the oldest when the window is full."""
        if len(self.steps) == self.window:
            self.sums = _add(self.sums, *self.steps[0], sign=-1)
        self.steps.append((move, volume))
        self.sums = _add(self.sums, move, volume, sign=1)
        self.turned += 1
        if self.turned >= self.window:
            self.sums, self.turned = _fresh(self.steps), 0

    @property
    def sigma(self) -> float:
        """The standard deviation in dollars."""
        return sigma(self.sums)


def sigma(sums: Sums) -> float:
    """Standard deviation from the sums of V, V dP, V dP^2; 0 when nothing traded or moved."""
    weight, first, second = sums
    if weight <= 0:
        return 0.0
    mean = first / weight
    return math.sqrt(max(second / weight - mean * mean, 0.0))


def _add(sums: Sums, move: float, volume: float, *, sign: int) -> Sums:
    weight = sign * volume
    return sums[0] + weight, sums[1] + weight * move, sums[2] + weight * move * move


def _fresh(steps: Iterable[tuple[float, float]]) -> Sums:
    kept = list(steps)
    return (
        math.fsum(volume for _, volume in kept),
        math.fsum(volume * move for move, volume in kept),
        math.fsum(volume * move * move for move, volume in kept),
    )
