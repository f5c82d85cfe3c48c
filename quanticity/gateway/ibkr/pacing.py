"""How fast we may ask: true sliding windows (DOMAIN 1.8); no I/O, time comes in as a number.

A bucket that refills admits almost twice its rate in the first window, a window does not.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Window:
    """At most `limit` in any `seconds`."""

    limit: int
    seconds: float
    taken: deque[float] = field(default_factory=deque)

    def wait(self, now: float, weight: int = 1) -> float:
        """Seconds until that many more fit; 0 when they fit now."""
        while self.taken and now - self.taken[0] >= self.seconds:
            self.taken.popleft()
        excess = len(self.taken) + weight - self.limit
        return self.taken[excess - 1] + self.seconds - now if excess > 0 else 0.0

    def take(self, now: float, weight: int = 1) -> None:
        """Count them, at an instant that may lie before or after others'."""
        for _ in range(weight):
            insort(self.taken, now)


@dataclass(slots=True)
class HistoricalLimits:
    """IBKR's limits on historical requests; `open_max` of them unanswered at once."""

    per_window: int
    window_s: float
    burst: int
    burst_s: float
    repeat_s: float
    overall: Window = field(init=False)
    bursts: dict[str, Window] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)
    tell: Callable[[Sequence[float]], None] = field(default=lambda _: None)

    def __post_init__(self) -> None:
        self.overall = Window(self.per_window, self.window_s)

    def wait(self, now: float, instrument: str, request: str, weight: int = 1) -> float:
        """Seconds until this request violates nothing: in total, per instrument, identical."""
        burst = self.bursts.setdefault(instrument, Window(self.burst, self.burst_s))
        repeat = self.asked.get(request, now - self.repeat_s) + self.repeat_s - now
        return max(self.overall.wait(now, weight), burst.wait(now, weight), repeat, 0.0)

    def resume(self, taken: Iterable[float], tell: Callable[[Sequence[float]], None]) -> None:
        """Count what was asked before a restart; `tell` is told of everything that counts."""
        for at in taken:
            self.overall.take(at)
        self.tell = tell

    def take(self, now: float, instrument: str, request: str, weight: int = 1) -> None:
        """Count a request that is being sent."""
        self.overall.take(now, weight)
        self.bursts.setdefault(instrument, Window(self.burst, self.burst_s)).take(now, weight)
        self.asked[request] = now
        self.asked = {k: at for k, at in self.asked.items() if now - at < self.repeat_s}
        self.tell(self.overall.taken)
