"""Made once for all who ask at the same moment."""

import time
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Memo(Generic[P, T]):
    """Calls `make` at most every so many real seconds for the same arguments.

    Sockets call it from the one thread that Channels keeps for synchronous code, so it needs no
    lock: two viewers of the same second share one answer, encoded once.
    """

    def __init__(self, make: Callable[P, T], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._made: dict[object, tuple[float, T]] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer, at most so many seconds old."""
        now = time.monotonic()
        self._made = {k: v for k, v in self._made.items() if now - v[0] < self._seconds}
        key = (args, tuple(sorted(kwargs.items())))
        if key not in self._made:
            self._made[key] = (now, self._make(*args, **kwargs))
        return self._made[key][1]
