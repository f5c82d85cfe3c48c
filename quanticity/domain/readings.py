"""Readings: what a calculator says of one symbol at one instant (DOMAIN 0.4, 0.5)."""

import dataclasses
import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar

# The only reasons a value may be missing for (DOMAIN 0.4).
REASONS = frozenset(
    {
        "NO_DATA", "NO_QUOTE", "ONE_SIDED", "CROSSED", "LOCKED", "STALE", "FEED_DOWN", "BLIND",
        "LOW_COVERAGE", "INSUFFICIENT_SAMPLES", "INSUFFICIENT_BUCKETS", "ZERO_VARIANCE",
        "NO_CROSSING", "WEAK_CROSSING", "EDGE", "ARBITRAGE", "NOT_CONVERGED", "ABSTAIN",
        "NOT_APPLICABLE", "NOT_ENTITLED", "SESSION_CLOSED", "MODEL_MISMATCH", "ERROR",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unavailable:
    """There is no answer, for a reason; never a neutral number instead."""

    name: str
    reason: str
    detail: str = ""

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"expected a reason code of DOMAIN 0.4, was {self.reason!r}")


@dataclass(frozen=True, slots=True)
class Reading:
    """Base of every calculator's answer; subclasses add the fields and a `name`."""

    name: ClassVar[str]
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """A reading as it is stored: what was said, when, from what, and how far to believe it."""

    schema: str
    v: int
    symbol: str | None
    as_of: datetime
    computed_at: datetime
    session_date: date
    source: str
    feed: str
    status: str
    coverage: float | None
    reasons: dict[str, str]
    valid_until: datetime
    model_version: str
    config_hash: str
    data: dict[str, Any] | None


def plain(value: Any) -> Any:  # noqa: PLR0911 - one line per type
    """Turn a value into JSON's types: dataclasses to maps, enums to values, NaN to null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(plain(k)): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value


def instant(at: datetime) -> str:
    """Write an aware instant as ISO-8601 UTC with milliseconds and Z."""
    if at.tzinfo is None:
        raise ValueError(f"expected an aware datetime, was {at!r}")
    offset = at.utcoffset()
    utc = (at - offset).replace(tzinfo=None) if offset else at.replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"
