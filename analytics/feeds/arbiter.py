"""Which feed's chain stands: the best one that is fresh; and when two contradict; pure.

Alpha Vantage, then the broker, then Cboe's delayed quotes (DOMAIN 1.9).
"""

from dataclasses import dataclass
from datetime import datetime

from quanticity.domain.options import Chain

_RANKS = {"alphavantage": 0, "ibkr": 1, "sim": 1, "cboe_delayed": 2}
_LAST = 9


@dataclass(frozen=True, slots=True)
class Settings:
    """When a better feed counts as silent, what is a contradiction, and what operators are told."""

    silent_after_s: float
    disagree_frac: float
    comparable_s: float
    contradiction_stands_s: float
    suspended_long_s: float


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of the chain that stands; `written_at` is when it came to stand."""

    feed: str
    as_of: datetime
    written_at: datetime
    spot: float | None
    stale: bool = False


def may_replace(
    standing: Head | None, feed: str, now: datetime, settings: Settings, *, stale: bool = False
) -> bool:
    """A feed may replace its own and worse ones at any time, a better one when that is silent.

    A stale chain is worse than every fresh one, its own feed's last one included.
    """
    if standing is None or (stale, rank(feed)) <= (standing.stale, rank(standing.feed)):
        return True
    return (now - standing.written_at).total_seconds() > settings.silent_after_s


def disagreement(standing: Head | None, chain: Chain, settings: Settings) -> float | None:
    """How far two feeds' spots of about the same time are apart, when that is too far."""
    if standing is None or standing.feed == chain.feed or not standing.spot or not chain.spot:
        return None
    if abs((chain.as_of - standing.as_of).total_seconds()) > settings.comparable_s:
        return None
    apart = abs(chain.spot / standing.spot - 1)
    return apart if apart > settings.disagree_frac else None


def rank(feed: str) -> int:
    """0 is the most preferred."""
    return _RANKS.get(feed, _LAST)
