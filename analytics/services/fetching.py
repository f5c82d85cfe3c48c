"""What the feeds' worker does in its turn: fetch a chain, score news, keep VIX1D current."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from django.conf import settings

from analytics.calculators import forward, sentiment
from analytics.calculators.sentiment import Article
from analytics.feeds import alphavantage, arbiter, cboe, source, vix1d, yahoo
from analytics.ingestion import admission, desk
from analytics.models import MetricHistory
from analytics.services import sources
from analytics.services.capturing import capture
from analytics.services.sources import HISTORY, NEWS, YAHOO, fetched, is_on
from quanticity.config.loader import section
from quanticity.config.universe import universe
from quanticity.domain import calendar, clock
from quanticity.domain.options import Chain
from quanticity.store import feeds as store
from quanticity.store import market, readings

_FRESH_S = 5.0


def fetch_chain(feed: str, symbol: str) -> bool:
    """Fetch one chain when it is this feed's turn; say whether it now stands."""
    own = sources.of(feed)
    every_s = own.settings.every_depth_s if symbol in universe().depth else own.settings.every_s
    if not is_on(feed) or not _is_wanted(feed, symbol):
        return False
    if not source.is_turn(own, symbol, every_s):
        return False
    answer = fetched(own, symbol, lambda: _chain(feed, symbol))
    if answer is None:
        return False
    checked, contradicted = _checked(answer) if feed == alphavantage.FEED else (answer, [])
    capture(feed, "chain", checked)
    stands, events = desk.offer(checked)
    sources.note([*contradicted, *events])
    return stands


def fetch_sentiment(symbol: str) -> None:
    """Publish one company's sentiment, or why there is none."""
    own = sources.of(NEWS)
    if not is_on(NEWS) or not source.is_turn(own, symbol, own.settings.every_s):
        return
    answer = fetched(own, symbol, lambda: alphavantage.news(symbol))
    if answer is not None:
        capture(NEWS, "news", {"symbol": symbol, "articles": answer})
        publish_sentiment(symbol, answer)


def publish_sentiment(symbol: str, articles: Sequence[Article]) -> None:
    """Score articles as of now."""
    now = clock.now()
    found = sentiment.compute(articles, now, section("analytics.sentiment", sentiment.Settings))
    readings.write(symbol, "sentiment", found, as_of=now, feed=alphavantage.FEED)


def fetch_vix1d() -> None:
    """The official closes once in a while; Yahoo's number only while the broker's is missing."""
    history = sources.of(HISTORY)
    if is_on(HISTORY) and source.is_turn(history, vix1d.SYMBOL, history.settings.every_s):
        closes = fetched(history, vix1d.SYMBOL, cboe.vix1d_history) or []
        capture(HISTORY, "closes", closes)
        keep_closes(closes)
    own = sources.of(YAHOO)
    now = clock.now()
    missing = vix1d.from_broker(now) is None and calendar.current(now) is not None
    if is_on(YAHOO) and missing and source.is_turn(own, vix1d.SYMBOL, own.settings.every_s):
        last = fetched(own, vix1d.SYMBOL, lambda: yahoo.last("^VIX1D"))
        if last is not None:
            capture(YAHOO, "vix1d", last)
            keep_vix1d(last)


def keep_vix1d(last: yahoo.Last) -> None:
    """Keep Yahoo's number for those who find none of the broker's."""
    store.write_vix1d("yahoo", {"value": last.value, "at": last.at.isoformat()})


def keep_closes(closes: Sequence[cboe.DailyClose]) -> int:
    """Keep the official closes of sessions; a day that was none is passed over."""
    rows = [
        MetricHistory(
            symbol=vix1d.SYMBOL, metric=vix1d.CLOSE, as_of=session.close_at, value=one.close,
            source=settings.TRADING_MODE,
        )
        for one in closes
        if (session := _session(one.day)) is not None
    ]  # fmt: skip
    return len(MetricHistory.objects.bulk_create(rows, ignore_conflicts=True))


def _session(day: date) -> calendar.Session | None:
    try:
        return calendar.session(day)
    except ValueError:
        return None


def _is_wanted(feed: str, symbol: str) -> bool:
    """The last resort is asked only while nothing better stands."""
    if feed != cboe.FEED:
        return True
    standing = desk.head(symbol)
    return standing is None or arbiter.may_replace(
        standing, feed, clock.now(), section("analytics.feeds.arbiter", arbiter.Settings)
    )


def _chain(feed: str, symbol: str) -> Chain:
    if feed == cboe.FEED:
        return cboe.chain(symbol)
    quote, now = market.quote(symbol), clock.now()
    found = alphavantage.chain(symbol, now)
    fresh = quote is not None and (now - quote.recv_at).total_seconds() <= _FRESH_S
    mid = quote.mid if fresh and quote is not None else None
    return replace(found, spot=mid)


def _checked(chain: Chain) -> tuple[Chain, list[desk.Event]]:
    """A chain without a time of its own is stale when parity puts the spot elsewhere."""
    implied = implied_spot(chain)
    if chain.spot is None or implied is None:
        return chain, []
    apart = abs(implied / chain.spot - 1)
    limit = section("analytics.feeds.arbiter", arbiter.Settings).disagree_frac
    if apart <= limit:
        return chain, []
    why = f"parity implies {implied:.2f}, the market is {chain.spot:.2f}"
    events = desk.contradiction(chain, f"{why}: {apart:.2%} apart", clock.now())
    return alphavantage.stale(chain, why), events


def implied_spot(chain: Chain) -> float | None:
    """The spot behind the front expiry's quotes."""
    own = section("analytics.forward", forward.Settings)
    usable = np.asarray((chain.bid > 0) & (chain.ask >= chain.bid))
    pairs = forward.pair_up(chain, admission.pairs(chain), usable)
    found = forward.compute(chain, pairs, own, r=own.flat_r, q=own.dividend_yield(chain.underlying))
    return None if found is None else found.implied_spot
