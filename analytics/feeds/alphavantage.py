"""Alpha Vantage over HTTP: option chains without a vendor time, and news with scores (DOMAIN 1.9).

A body with a note instead of data is a refusal, however well its status looked. The key is a
parameter of every address, so no address is ever logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from pydantic_core import from_json

from analytics.calculators.sentiment import Article
from analytics.chainfiles import alphavantage_json, reader
from analytics.chainfiles.columns import Rows
from analytics.feeds import door
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput, PermanentError, TemporaryError
from quanticity.domain.options import Chain

FEED = "alphavantage"
_SOFT_LIMITS = ("Note", "Information")
_ERROR = "Error Message"


@dataclass(frozen=True, slots=True)
class Settings:
    """How old a chain without a time is taken to be."""

    assumed_lag_s: float


def is_on() -> bool:
    """Whether there is a key to ask with."""
    return bool(settings.ALPHAVANTAGE_API_KEY)


def chain(symbol: str, now: datetime) -> Chain:
    """The chain of one underlying, received now."""
    body = _get({"function": "REALTIME_OPTIONS", "symbol": symbol, "require_greeks": "true"})
    return read_chain(body, symbol, now)


def news(symbol: str) -> list[Article]:
    """The latest articles about one company."""
    return read_news(_get({"function": "NEWS_SENTIMENT", "tickers": symbol, "limit": "50"}), symbol)


def read_chain(body: bytes, symbol: str, now: datetime) -> Chain:
    """The chain in an answer; one of another day than the session's has stale quotes."""
    rows = alphavantage_json.decode(body)
    if rows is None or not rows.occ:
        rows = _rows(_document(body))
    lag_s = section("analytics.feeds.alphavantage_chain", Settings).assumed_lag_s
    found = reader.loaded(
        rows, section("analytics.chainfiles", reader.Settings), symbol=symbol,
        as_of=now - timedelta(seconds=lag_s),
    )  # fmt: skip
    today = calendar.session_date(now).isoformat()
    return found.chain if rows.days == {today} else stale(found.chain, f"dated {max(rows.days)}")


def stale(chain: Chain, why: str) -> Chain:
    """The same chain with quotes that nobody will take for fresh."""
    return replace(
        chain,
        quote_epoch_ms=np.zeros(len(chain), dtype=np.int64),
        warnings=(*chain.warnings, f"stale: {why}"),
    )


def read_news(body: bytes, symbol: str) -> list[Article]:
    """Articles that mention the symbol, with its own relevance and score."""
    document = _document(body)
    feed = document.get("feed")
    if not isinstance(feed, list):
        raise MalformedInput("expected a list of articles under `feed`")
    found = (_article(index, one, symbol) for index, one in enumerate(feed))
    return [one for one in found if one is not None]


def _get(params: Mapping[str, str]) -> bytes:
    own = section("analytics.feeds.door", door.Settings)
    return door.get(
        settings.FEED_URLS["QC_ALPHAVANTAGE_URL"],
        {**params, "apikey": settings.ALPHAVANTAGE_API_KEY}, own,
    )  # fmt: skip


def _rows(document: dict[str, Any]) -> Rows:
    if document.get("data") == []:
        raise TemporaryError("EMPTY: an answer without contracts")
    if not alphavantage_json.recognizes(document):
        raise MalformedInput("expected Alpha Vantage's options, was another shape")
    return alphavantage_json.read(document)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = from_json(body)
    except (ValueError, RecursionError) as error:
        raise MalformedInput(f"expected JSON, was {len(body)} bytes of something else") from error
    if not isinstance(document, dict):
        raise MalformedInput(f"expected an object, was {type(document).__name__}")
    for key in _SOFT_LIMITS:
        if key in document and "data" not in document:
            # What it says may quote the key, so it is not repeated.
            seconds = section("analytics.feeds.door", door.Settings).note_pause_s
            raise door.Throttled(
                f"RATE_LIMIT: a {key.lower()} instead of data", retry_after=seconds
            )
    if _ERROR in document:
        raise PermanentError("API_ERROR: an error message instead of data")
    return document


def _article(index: int, one: Any, symbol: str) -> Article | None:
    try:
        mine = next((t for t in one["ticker_sentiment"] if t["ticker"] == symbol), None)
        if mine is None:
            return None
        return Article(
            title=str(one["title"]), url=str(one["url"]), source=str(one["source"]),
            published_at=_instant(one["time_published"]),
            relevance=float(mine["relevance_score"]), score=float(mine["ticker_sentiment_score"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedInput(f"feed[{index}]: expected an article, {error!r}") from error


def _instant(text: str) -> datetime:
    return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
