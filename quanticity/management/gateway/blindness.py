"""How long we have been blind: seconds without a believable link, in regular hours.

The ledger is arithmetic; `analytics.services.blindness` keeps it in rows, so that a restart of this
process forgets nothing and counts as blind itself.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from quanticity.domain import calendar
from quanticity.gateway.ports import ConnectionState

WINDOW = timedelta(seconds=300)
RESTARTED = "the gateway process was not running"


@dataclass(slots=True)
class Span:
    """A stretch of blindness; open while `to_at` is None. `symbol` "" is the whole connection."""

    from_at: datetime
    cause: str
    to_at: datetime | None = None
    symbol: str = ""
    row: int | None = None


@dataclass(slots=True)
class BlindLedger:
    """Adds up blind time as the link is looked at; platform seconds."""

    session: date | None = None
    session_s: float = 0.0
    looked_at: datetime | None = None
    spans: list[Span] = field(default_factory=list)
    _recent: deque[tuple[datetime, float]] = field(default_factory=deque)
    _cause: str = ""

    def restore(self, session: date, session_s: float, looked_at: datetime, at: datetime) -> None:
        """Go on where the last process stopped; nobody looked since, so the next look counts."""
        if looked_at <= at:
            self.session, self.session_s, self.looked_at = session, session_s, looked_at
            self._cause = RESTARTED

    def look(self, at: datetime, state: ConnectionState | None, detail: str = "") -> None:
        """Take one look at the link; the time since the last look counts by what is seen now."""
        before, self.looked_at = self.looked_at, at
        restarted, self._cause = self._cause, ""
        open_now = calendar.current(at)
        if open_now is None:
            self._end(at)
            return
        if open_now.date != self.session:
            self._end(at)
            self.session, self.session_s = open_now.date, 0.0
        is_blind = bool(restarted) or state is not ConnectionState.CONNECTED
        if not is_blind:
            self._end(at if before is None else before)
            return
        if before is None or before < open_now.open_at:
            return
        elapsed = (at - before).total_seconds()
        self.session_s += elapsed
        self._recent.append((at, elapsed))
        if not self._is_open():
            self.spans.append(Span(before, restarted or _cause(state, detail)))
        if restarted:
            self._end(at)

    def recent_s(self, at: datetime) -> float:
        """Blind seconds of the last 300; a long look counts only as far as it reaches in."""
        since = at - WINDOW
        while self._recent and self._recent[0][0] < since:
            self._recent.popleft()
        return sum(
            min(seconds, (looked_at - since).total_seconds()) for looked_at, seconds in self._recent
        )

    def drain(self) -> list[Span]:
        """Every span that changed since the last call; open ones stay here."""
        changed = list(self.spans)
        self.spans = [span for span in self.spans if span.to_at is None]
        return changed

    def _is_open(self) -> bool:
        return any(span.to_at is None for span in self.spans)

    def _end(self, at: datetime) -> None:
        for span in self.spans:
            if span.to_at is None:
                span.to_at = max(at, span.from_at)


def _cause(state: ConnectionState | None, detail: str) -> str:
    name = "no word from the gateway" if state is None else state.value
    return f"{name}: {detail}" if detail else name
