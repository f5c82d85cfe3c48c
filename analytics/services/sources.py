"""Sources over HTTP: which are on, one guarded request, and what happened to them."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.conf import settings as django_settings
from django.db import DatabaseError

from analytics.feeds import alphavantage, cboe, source, vix1d
from analytics.feeds import breaker as breakers
from analytics.feeds.breaker import State
from analytics.feeds.source import Settings, Source
from analytics.ingestion.desk import Event
from analytics.ingestion.recorder import Refusal
from analytics.models import FeedEvent
from analytics.services import quarantine
from quanticity.config.loader import section
from quanticity.config.universe import universe
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.readings import Unavailable
from quanticity.redaction import redact

T = TypeVar("T")
log = logging.getLogger(__name__)
NEWS, HISTORY, YAHOO = "alphavantage_news", "cboe_vix1d", "yahoo_vix1d"
FEEDS = (alphavantage.FEED, NEWS, cboe.FEED, HISTORY, YAHOO)
CHAIN_FEEDS = (alphavantage.FEED, cboe.FEED)
_PROVIDERS = {
    alphavantage.FEED: "alphavantage", NEWS: "alphavantage", cboe.FEED: "cboe", HISTORY: "cboe",
    YAHOO: "yahoo",
}  # fmt: skip
_KINDS = {State.OPEN: FeedEvent.Kind.SUSPENDED, State.CLOSED: FeedEvent.Kind.RESTORED}


def of(feed: str) -> Source:
    """A source with its numbers."""
    provider = _PROVIDERS[feed]
    name = "analytics.feeds.yahoo_breaker" if feed == YAHOO else "analytics.feeds.breaker"
    return Source(
        feed, provider, section(f"analytics.feeds.{feed}", Settings),
        section(name, breakers.Settings),
    )  # fmt: skip


def is_on(feed: str) -> bool:
    """Whether a feed has an address, and a key where it needs one."""
    urls = django_settings.FEED_URLS
    return {
        alphavantage.FEED: alphavantage.is_on(), NEWS: alphavantage.is_on(),
        cboe.FEED: bool(urls["QC_CBOE_QUOTES_URL"]), HISTORY: bool(urls["QC_CBOE_VIX1D_URL"]),
        YAHOO: bool(urls["QC_YAHOO_URL"]),
    }[feed]  # fmt: skip


def lacking(feed: str) -> str:
    """The variable that would turn a feed on."""
    return {
        alphavantage.FEED: "ALPHAVANTAGE_API_KEY", NEWS: "ALPHAVANTAGE_API_KEY",
        cboe.FEED: "QC_CBOE_QUOTES_URL", HISTORY: "QC_CBOE_VIX1D_URL", YAHOO: "QC_YAHOO_URL",
    }[feed]  # fmt: skip


def condition() -> list[dict[str, Any]]:
    """How every source that is on fares: state, age, failures, when it is tried again."""
    return source.condition(watched())


def watched() -> list[tuple[str, str]]:
    """Every (feed, symbol) that is on, and the providers, for those who show how they fare."""
    symbols = universe().chains
    found = [(feed, symbol) for feed in CHAIN_FEEDS if is_on(feed) for symbol in symbols]
    found += [(NEWS, s) for s in universe().stocks if is_on(NEWS)]
    found += [(feed, vix1d.SYMBOL) for feed in (HISTORY, YAHOO) if is_on(feed)]
    providers = {_PROVIDERS[feed] for feed, _ in found}
    return found + [(provider, source.WHOLE) for provider in sorted(providers)]


def note(events: Iterable[Event]) -> None:
    """Write down what happened to sources, and say it in the log."""
    rows = [
        FeedEvent(
            kind=one.kind, feed=one.feed, symbol=one.symbol, detail=one.detail[:200], at=one.at,
            source=django_settings.TRADING_MODE,
        )
        for one in events
    ]  # fmt: skip
    for row in rows:
        log.warning("feed %s %s %s: %s", row.feed, row.symbol, row.kind, row.detail)
    try:
        FeedEvent.objects.bulk_create(rows)
    except DatabaseError as error:
        log.warning("%d feed events were not kept: %s", len(rows), error)


def note_once(event: Event, since: datetime) -> None:
    """As `note`, unless the same thing of this symbol was noted since then."""
    said = FeedEvent.objects.filter(
        kind=event.kind, symbol=event.symbol, at__gte=since, source=django_settings.TRADING_MODE
    )
    if not said.exists():
        note([event])


def fetched(own: Source, symbol: str, request: Callable[[], T]) -> T | None:
    """Do one guarded request; what it failed of is noted, and None is returned."""
    answer, turned = source.fetch(own, symbol, partial(_kept, own.feed, symbol, request))
    now = clock.now()
    if turned in _KINDS:
        detail = answer.detail if isinstance(answer, Unavailable) else "answers again"
        note([Event(_KINDS[turned], own.feed, symbol, detail, now)])
    if not isinstance(answer, Unavailable):
        return answer
    log.info("feed %s %s: %s", own.feed, symbol, answer.detail)
    return None


def _kept(feed: str, symbol: str, request: Callable[[], T]) -> T:
    """Do a request; an answer that cannot be read goes to the quarantine."""
    try:
        return request()
    except MalformedInput as error:
        said = {"error": redact(str(error))}
        quarantine.keep([Refusal("answer", symbol, "MALFORMED", said, clock.now())], feed)
        raise
