"""How far the connection can be believed, from what was heard; no I/O (DOMAIN 1.7).

An open socket proves nothing: the link behind it may be lost (1100), a farm broken (2103), or the
prices may simply have stopped coming while the market is open.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import Enum, auto

from quanticity.domain import calendar, clock
from quanticity.gateway.ibkr import errors
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ports import ConnectionState


class Remedy(Enum):
    """What a connectivity message asks of us."""

    NONE = auto()
    RESUBSCRIBE = auto()  # the broker has forgotten all subscriptions
    VERIFY = auto()  # it says it has them; a fresh tick proves it
    RENEW = auto()  # it has them and sends nothing


@dataclass(slots=True)
class Health:
    """What was heard of one connection."""

    settings: Settings
    is_up: bool = False
    is_server_lost: bool = False
    broken_farms: set[str] = field(default_factory=set)
    is_watching: bool = False
    up_at: datetime | None = None
    tick_at: datetime | None = None

    def on_up(self, at: datetime) -> None:
        """The socket is open and our books are in step with the broker's."""
        self.is_up, self.is_server_lost, self.up_at = True, False, at
        self.broken_farms.clear()

    def on_down(self) -> None:
        """The socket is gone."""
        self.is_up, self.up_at, self.tick_at = False, None, None

    def on_code(self, code: int, text: str) -> Remedy:
        """Take a connectivity message; say what it asks for."""
        farm = text.rpartition(":")[2].strip()
        if code in {errors.LINK_LOST, errors.SERVER_LOST}:
            self.is_server_lost = True
        elif code in {errors.LINK_BACK, errors.LINK_BACK_DATA_LOST}:
            self.is_server_lost = False
            is_lost = code == errors.LINK_BACK_DATA_LOST
            return Remedy.RESUBSCRIBE if is_lost else Remedy.VERIFY
        elif code in errors.FARMS_BROKEN:
            self.broken_farms.add(farm)
        elif code in errors.FARMS_WELL:
            self.broken_farms.discard(farm)
        return Remedy.NONE

    @property
    def has_orders(self) -> bool:
        """Whether the broker is reached; silent data and broken farms do not say otherwise."""
        return self.is_up and not self.is_server_lost

    def silent_s(self, now: datetime) -> float:
        """Platform seconds without a tick that should have come; 0 while the market is closed."""
        session = calendar.current(now)
        if session is None or self.up_at is None or not self.is_watching:
            return 0.0
        heard_at = max(filter(None, (self.tick_at, self.up_at, session.open_at)))
        return max((now - heard_at).total_seconds(), 0.0)

    def state(self, now: datetime) -> tuple[ConnectionState, str]:
        """The state and the reason for it."""
        if not self.is_up or self.is_server_lost:
            if self._in_restart_window(now):
                return ConnectionState.RESTART_WINDOW, "scheduled restart"
            if not self.is_up:
                return ConnectionState.DISCONNECTED, ""
            return ConnectionState.BLIND, "link to the broker lost"
        silent_s = self.silent_s(now)
        limit_s = max(self.settings.blind_after_s, self.settings.blind_floor_s * clock.speed())
        if silent_s > limit_s:
            return ConnectionState.BLIND, f"no tick for {silent_s:.0f} s"
        if self.broken_farms:
            return ConnectionState.DEGRADED, "broken: " + " ".join(sorted(self.broken_farms))
        return ConnectionState.CONNECTED, ""

    def _in_restart_window(self, now: datetime) -> bool:
        local = clock.eastern(now)
        half = timedelta(seconds=self.settings.restart_window_s / 2)
        at = time.fromisoformat(self.settings.restart_at)
        days = (local.date() + timedelta(days=n) for n in (-1, 0, 1))
        centres = (datetime.combine(day, at, clock.NEW_YORK) for day in days)
        return any(abs(local - centre) <= half for centre in centres)
