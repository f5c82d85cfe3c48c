"""Yahoo's chart, an unofficial source of an index's last value, behind a backoff (DOMAIN 1.9)."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from django.conf import settings

from analytics.feeds import door
from quanticity.config.loader import section
from quanticity.domain.errors import MalformedInput


@dataclass(frozen=True, slots=True)
class Last:
    """An index's last value in points, and when it was that."""

    value: float
    at: datetime


def last(symbol: str) -> Last:
    """The latest value of one symbol."""
    base = settings.FEED_URLS["QC_YAHOO_URL"].rstrip("/")
    own = section("analytics.feeds.door", door.Settings)
    return read(
        door.get(f"{base}/{quote(symbol, safe='')}", {"interval": "1m", "range": "1d"}, own)
    )


def read(body: bytes) -> Last:
    """The last value in an answer."""
    try:
        meta = json.loads(body)["chart"]["result"][0]["meta"]
        value, at_s = float(meta["regularMarketPrice"]), int(meta["regularMarketTime"])
        at = datetime.fromtimestamp(at_s, UTC)
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        OverflowError,
        OSError,
        RecursionError,
    ) as e:
        raise MalformedInput(f"expected a chart with a market price, {type(e).__name__}") from e
    if not math.isfinite(value) or value <= 0:
        raise MalformedInput(f"expected a positive market price, was {value}")
    return Last(value, at)
