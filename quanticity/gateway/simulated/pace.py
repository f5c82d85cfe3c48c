"""How fast a client may send, judged fairly on a busy machine."""


class Lateness:
    """How late the server's own rhythm is: what it owes to clients whose messages piled up."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._beat_s: float | None = None
        self._worst_s = 0.0
        self._worst_at_s = 0.0

    def beat(self, now_s: float) -> None:
        """Note one beat."""
        late = self.at(now_s)
        if late >= self._worst_s or now_s - self._worst_at_s > 2 * self._worst_s:
            self._worst_s, self._worst_at_s = late, now_s
        self._beat_s = now_s

    def at(self, now_s: float) -> float:
        """Seconds by which messages may have been held up lately."""
        running = 0.0 if self._beat_s is None else now_s - self._beat_s - self._period_s
        return max(running, self._worst_s if now_s - self._worst_at_s < 2 * self._worst_s else 0.0)


class Bucket:
    """Counts a client's messages: so many per second, and a second's worth at once."""

    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        self._left = float(per_s)
        self._at_s: float | None = None

    def take(self, now_s: float, late_s: float) -> bool:
        """Take one message; False when it is one too many."""
        elapsed = 0.0 if self._at_s is None else now_s - self._at_s
        # While the server was late, messages waited that were sent in time.
        room = self._per_s * (1 + late_s)
        self._left = min(self._left + elapsed * self._per_s, room)
        self._at_s = now_s
        if self._left < 1:
            self._left = float(self._per_s)
            return False
        self._left -= 1
        return True
