"""VIX1D: what each source says now, in the order of preference, and the official closes.

The broker's index tick, else Yahoo's chart; the closes are Cboe's. Our own replication from the
option strip is the volatility room's, and is compared there (DOMAIN 1.9, 3.17).
"""

from dataclasses import dataclass
from datetime import datetime

from analytics.models import MetricHistory
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.store import feeds, market

SYMBOL, CLOSE = "VIX1D", "close"


@dataclass(frozen=True, slots=True)
class Settings:
    """How long an intraday value counts, and how many closes are read."""

    max_age_s: float
    closes: int
    max_age_sessions: int


@dataclass(frozen=True, slots=True)
class Known:
    """Values in index points by source, best first, their ages, and the closes oldest first."""

    values: dict[str, float]
    ages_s: dict[str, float]
    prev_close: float | None
    closes: tuple[float, ...]


def known(now: datetime, source: str) -> Known:
    """Everything that is known of VIX1D; what is too old is not known."""
    values: dict[str, float] = {}
    ages_s: dict[str, float] = {}
    for name, found in (("ibkr", from_broker(now)), ("yahoo", _from_yahoo(now))):
        if found is not None:
            values[name], ages_s[name] = found
    closes = _closes(now, source)
    prev_close = closes[-1] if closes else None
    return Known(values, ages_s, prev_close, tuple(closes))


def from_broker(now: datetime) -> tuple[float, float] | None:
    """The index tick and its age in seconds, while it is young enough."""
    quote = market.quote(SYMBOL)
    if quote is None or quote.last is None:
        return None
    age_s = (now - quote.event_at).total_seconds()
    return (quote.last, age_s) if _is_young(age_s) else None


def _from_yahoo(now: datetime) -> tuple[float, float] | None:
    found = feeds.vix1d(("yahoo",)).get("yahoo")
    if found is None:
        return None
    age_s = (now - datetime.fromisoformat(found["at"])).total_seconds()
    return (float(found["value"]), age_s) if _is_young(age_s) else None


def _is_young(age_s: float) -> bool:
    settings: Settings = section("analytics.feeds.vix1d", Settings)
    return 0 <= age_s <= settings.max_age_s


def _closes(now: datetime, source: str) -> list[float]:
    """Closes before today's, oldest first; none when the last one is sessions behind."""
    own = section("analytics.feeds.vix1d", Settings)
    today = calendar.session_date(now)
    rows = MetricHistory.objects.filter(
        symbol=SYMBOL, metric=CLOSE, source=source, as_of__lt=calendar.session(today).open_at
    ).order_by("-as_of")
    found = list(rows.values_list("as_of", "value")[: own.closes])
    if not found:
        return []
    behind = calendar.sessions_to(today, found[0][0])
    return [] if behind > own.max_age_sessions else [value for _, value in reversed(found)]
