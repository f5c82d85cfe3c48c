"""What once came over HTTP, told again from a tape (DOMAIN 11)."""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from analytics.calculators.sentiment import Article
from analytics.feeds import cboe, yahoo
from analytics.services import fetching

_ARTICLES = TypeAdapter(list[Article])
_CLOSES = TypeAdapter(list[cboe.DailyClose])
_LAST = TypeAdapter(yahoo.Last)


def _news(value: dict[str, Any]) -> None:
    fetching.publish_sentiment(value["symbol"], _ARTICLES.validate_python(value["articles"]))


def _vix1d(value: dict[str, Any]) -> None:
    fetching.keep_vix1d(_LAST.validate_python(value))


def _closes(value: list[Any]) -> None:
    fetching.keep_closes(_CLOSES.validate_python(value))


# By the kind of the fact; chains go the way of every chain.
TELLERS: dict[str, Callable[[Any], None]] = {"news": _news, "vix1d": _vix1d, "closes": _closes}
