"""The circuit breaker of one feed of one symbol, and the pause of a whole provider; pure.

CLOSED opens after some failures in a row; OPEN waits, twice as long each time; then one probe
decides (DOMAIN 1.9). Times are real seconds since 1970.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Whether requests may leave."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class Settings:
    """When a breaker opens and for how long, in real seconds."""

    failures: int
    open_s: float
    open_max_s: float
    probe_s: float


@dataclass(frozen=True, slots=True)
class Breaker:
    """What happened lately, and until when nothing leaves."""

    state: State = State.CLOSED
    failures: int = 0
    opened: int = 0
    until_s: float = 0.0
    succeeded_s: float | None = None
    reason: str = ""

    def as_text(self) -> dict[str, Any]:
        """The breaker as it is published."""
        return asdict(self)

    @classmethod
    def from_text(cls, text: dict[str, Any] | None) -> "Breaker":
        """The breaker again; nothing known means closed."""
        return cls() if text is None else cls(**text | {"state": State(text["state"])})

    def wait_s(self, now_s: float) -> float:
        """Seconds until something may leave."""
        return 0.0 if self.state is State.CLOSED else max(self.until_s - now_s, 0.0)


def begin(breaker: Breaker, now_s: float, settings: Settings) -> Breaker | None:
    """The breaker with a request on its way, or None while none may leave.

    A probe that is never heard of again frees the way for the next one after `probe_s`.
    """
    if breaker.state is State.CLOSED:
        return breaker
    if now_s < breaker.until_s:
        return None
    return replace(breaker, state=State.HALF_OPEN, until_s=now_s + settings.probe_s)


def succeed(now_s: float) -> Breaker:
    """An answer came: closed, and the next opening is a short one again."""
    return Breaker(succeeded_s=now_s)


def fail(breaker: Breaker, now_s: float, reason: str, settings: Settings) -> Breaker:
    """A request failed: enough in a row, or a failed probe, open the breaker."""
    failures = breaker.failures + 1
    known = replace(breaker, failures=failures, reason=reason)
    if breaker.state is State.CLOSED and failures < settings.failures:
        return known
    open_s = min(settings.open_s * 2**breaker.opened, settings.open_max_s)
    return replace(known, state=State.OPEN, opened=breaker.opened + 1, until_s=now_s + open_s)


def pause(breaker: Breaker, now_s: float, seconds: float, reason: str) -> Breaker:
    """The provider asked for silence: nothing leaves until then, however well it went."""
    return replace(
        breaker, state=State.OPEN, until_s=max(breaker.until_s, now_s + seconds), reason=reason
    )
