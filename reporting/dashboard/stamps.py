"""How old a reading is, where it comes from, and why it may be missing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reporting.dashboard import formats

_TIRED = 2 / 3  # of the time to live: two cadences late
_MEANINGS = {
    "NO_DATA": "Nothing was computed from which it could be drawn.",
    "STALE": "The last answer is older than it may be.",
    "FEED_DOWN": "The feed has not been heard.",
    "LOW_COVERAGE": "Too little of the open interest has a usable quote.",
    "NO_QUOTE": "No contract has a usable quote.",
    "INSUFFICIENT_BUCKETS": "There are fewer volume buckets than the measure needs.",
    "INSUFFICIENT_SAMPLES": "There are fewer samples than the measure needs.",
    "SESSION_CLOSED": "The exchange is closed.",
    "ABSTAIN": "The clusters are not distinct enough to be named.",
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """Instant, age and source of what is shown."""

    as_of: str
    time: str
    age_s: float
    source: str
    freshness: str


def of(envelope: Mapping[str, Any], now: datetime) -> Stamp:
    """The stamp of one reading."""
    at = datetime.fromisoformat(envelope["as_of"])
    return Stamp(
        as_of=envelope["as_of"],
        time=formats.time_of_day(at),
        age_s=max(0.0, (now - at).total_seconds()),
        source=f"{envelope['source']}/{envelope['feed']}",
        freshness=freshness(envelope, now),
    )


def freshness(envelope: Mapping[str, Any], now: datetime) -> str:
    """`fresh`, `tired` from two cadences on, `gone` past its time to live."""
    computed_at = datetime.fromisoformat(envelope["computed_at"])
    valid_until = datetime.fromisoformat(envelope["valid_until"])
    if now > valid_until:
        return "gone"
    return "tired" if now - computed_at > _TIRED * (valid_until - computed_at) else "fresh"


def missing(envelope: Mapping[str, Any] | None, family: str, now: datetime) -> str:
    """The code of why a whole reading may not be shown; empty when it may."""
    if envelope is None:
        return "NO_DATA"
    if freshness(envelope, now) == "gone":
        return "STALE"
    return "" if envelope["data"] is not None else reason(envelope, family, family)


def reason(envelope: Mapping[str, Any], family: str, field: str) -> str:
    """The code of why one field of a reading is missing."""
    data = envelope["data"] or {}
    reasons = {**envelope["quality"]["reasons"], **data.get("reasons", {})}
    return str(
        data.get(f"{field}_reason") or reasons.get(field) or reasons.get(family) or "NO_DATA"
    )


def meaning(code: str) -> str:
    """A code as a sentence."""
    return _MEANINGS.get(code, f"{formats.word(code).capitalize()}.")
