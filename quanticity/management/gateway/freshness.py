"""Which symbols are heard: UP, LATE or DOWN, looked at every few seconds (DOMAIN 1.7)."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from quanticity.domain import calendar, clock
from quanticity.management.gateway.blindness import WINDOW, Span


class FeedState(StrEnum):
    """How long ago a symbol was last heard of."""

    UP = "UP"
    LATE = "LATE"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits in platform seconds, and the real seconds below which a fast clock proves nothing."""

    late_s: float
    down_s: float
    floor_s: float


@dataclass(slots=True)
class Freshness:
    """When each symbol was heard, and for how long it has not been."""

    settings: Settings
    heard_at: dict[str, datetime] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    _ended: deque[Span] = field(default_factory=deque)

    def hear(self, symbol: str, at: datetime) -> None:
        """A quote, a print or a bar of a symbol came."""
        self.heard_at[symbol] = at

    def look(self, symbols: Iterable[str], at: datetime) -> dict[str, FeedState]:
        """The state of each symbol in regular hours; empty outside them."""
        session = calendar.current(at)
        if session is None:
            return {}
        return {symbol: self._state(symbol, at, session.open_at) for symbol in symbols}

    def drain(self, states: dict[str, FeedState], at: datetime) -> list[Span]:
        """Spans that began or ended with these states."""
        changed = []
        for symbol, span in list(self.spans.items()):
            if states.get(symbol) is not FeedState.DOWN:
                span.to_at = max(self.heard_at.get(symbol, at), span.from_at)
                changed.append(self.spans.pop(symbol))
                self._ended.append(span)
        for symbol, state in states.items():
            if state is FeedState.DOWN and symbol not in self.spans:
                heard = self.heard_at.get(symbol)
                began = at if heard is None else heard
                self.spans[symbol] = Span(began, "nothing heard of it", symbol=symbol)
                changed.append(self.spans[symbol])
        return changed

    def blind_s(self, at: datetime) -> dict[str, float]:
        """Seconds of the last 300 in which a symbol was down, of those that were."""
        since = at - WINDOW
        while self._ended and (self._ended[0].to_at or at) < since:
            self._ended.popleft()
        found: dict[str, float] = {}
        for span in (*self._ended, *self.spans.values()):
            inside = (span.to_at or at) - max(span.from_at, since)
            found[span.symbol] = found.get(span.symbol, 0.0) + max(0.0, inside.total_seconds())
        return found

    def _state(self, symbol: str, at: datetime, open_at: datetime) -> FeedState:
        heard = max(self.heard_at.get(symbol, open_at), open_at)
        silent_s = (at - heard).total_seconds()
        floor_s = self.settings.floor_s * clock.speed()
        if silent_s > max(self.settings.down_s, floor_s):
            return FeedState.DOWN
        return FeedState.LATE if silent_s > max(self.settings.late_s, floor_s) else FeedState.UP
