"""Pace: how soon a route may post again, by what the service said and by what it is known to allow.

A service that says how much is left is obeyed before it has to refuse. Its known limits are kept
besides, in real seconds; a service that we do not know (a test's, a member's) says its own.
"""

import math
from collections import deque
from threading import Lock
from urllib.parse import urlsplit

from quanticity.domain import clock

Limits = tuple[tuple[int, float], ...]  # so many posts within so many seconds


_PLENTY = 1_000


class Pace:
    """One route's budget."""

    def __init__(self, limits: Limits = ()) -> None:
        self._limits = limits
        most = max((count for count, _ in limits), default=0)
        self._sent: deque[float] = deque(maxlen=most)
        self._not_before_s = 0.0
        self._lock = Lock()

    def ready_in_s(self) -> float:
        """Real seconds until the next post may go; 0 when it may go now."""
        now = clock.boot_seconds()
        with self._lock:
            waits = [self._not_before_s - now]
            waits += [self._sent_at(count) + window - now for count, window in self._limits]
        return max(0.0, *waits)

    def room(self) -> int:
        """How many posts may go now."""
        now = clock.boot_seconds()
        with self._lock:
            if now < self._not_before_s:
                return 0
            left = [count - self._within(window, now) for count, window in self._limits]
        return max(0, min(left, default=_PLENTY))

    def note_sent(self) -> None:
        """Count one post."""
        with self._lock:
            self._sent.append(clock.boot_seconds())

    def rest(self, seconds: float) -> None:
        """Post nothing for so long: the service says that nothing is left."""
        with self._lock:
            self._not_before_s = max(self._not_before_s, clock.boot_seconds() + seconds)

    def _sent_at(self, count: int) -> float:
        return self._sent[-count] if len(self._sent) >= count else -math.inf

    def _within(self, window: float, now: float) -> int:
        return sum(sent_s > now - window for sent_s in self._sent)


def limits_of(url: str, known: dict[str, Limits]) -> Limits:
    """What the service at this address is known to allow; nothing for one that we do not know."""
    return known.get((urlsplit(url).hostname or "").replace(".", "_"), ())
