"""How long we have been blind: seconds without a believable link, in regular hours."""

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from quanticity.domain import calendar
from quanticity.gateway.ports import ConnectionState

_WINDOW = timedelta(seconds=300)


@dataclass(slots=True)
class BlindLedger:
    """Adds up blind time as the link is looked at; platform seconds."""

    session: date | None = None
    session_s: float = 0.0
    _spans: deque[tuple[datetime, float]] = field(default_factory=deque)
    _looked_at: datetime | None = None

    def look(self, at: datetime, state: ConnectionState | None) -> None:
        """Take one look at the link; the time since the last look counts by what is seen now."""
        before, self._looked_at = self._looked_at, at
        open_now = calendar.current(at)
        if open_now is None:
            return
        if open_now.date != self.session:
            self.session, self.session_s = open_now.date, 0.0
        if before is None or before < open_now.open_at or state is ConnectionState.CONNECTED:
            return
        elapsed = (at - before).total_seconds()
        self.session_s += elapsed
        self._spans.append((at, elapsed))

    def recent_s(self, at: datetime) -> float:
        """Blind seconds of the last 300."""
        while self._spans and self._spans[0][0] < at - _WINDOW:
            self._spans.popleft()
        return sum(seconds for _, seconds in self._spans)
