"""The desk every chain passes: is its feed the one that stands, and do two of them contradict?

It writes the chain, and says what happened for somebody else to write down: the gateway calls it
from its store thread, which has no business with SQL.
"""

from datetime import datetime
from typing import NamedTuple

from analytics.feeds import arbiter
from analytics.feeds.arbiter import Head, Settings
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.options import Chain
from quanticity.store import feeds, market

SWITCHED, DISAGREE = "SWITCHED", "DISAGREE"


class Event(NamedTuple):
    """Something that happened to a source."""

    kind: str
    feed: str
    symbol: str
    detail: str
    at: datetime


def offer(chain: Chain) -> tuple[bool, list[Event]]:
    """Store the chain unless a better feed stands; say whether, and what is worth a note."""
    settings, now = section("analytics.feeds.arbiter", Settings), clock.now()
    standing = head(chain.underlying)
    events = _contradictions(standing, chain, now, settings)
    if not arbiter.may_replace(standing, chain.feed, now, settings, stale=chain.is_stale):
        return False, events
    market.write_chain(chain)
    if standing is not None and standing.feed != chain.feed:
        detail = f"from {standing.feed}, as of {standing.as_of:%H:%M:%S} UTC"
        events.append(Event(SWITCHED, chain.feed, chain.underlying, detail, now))
    return True, events


def head(symbol: str) -> Head | None:
    """What is known of the chain that stands."""
    known = market.chain_head(symbol)
    if known is None:
        return None
    return Head(
        known["feed"], datetime.fromisoformat(known["as_of"]),
        datetime.fromisoformat(known["written_at"]), known["spot"], known["stale"],
    )  # fmt: skip


def _contradictions(
    standing: Head | None, chain: Chain, now: datetime, settings: Settings
) -> list[Event]:
    apart = arbiter.disagreement(standing, chain, settings)
    if apart is None or standing is None:
        return []
    detail = f"spot {chain.spot:.2f}, {standing.feed} says {standing.spot:.2f}: {apart:.2%} apart"
    return contradiction(chain, detail, now)


def contradiction(chain: Chain, detail: str, now: datetime) -> list[Event]:
    """Two sources say different things of a symbol; the same is not said again for a while."""
    if not feeds.first_alert(DISAGREE, chain.underlying):
        return []
    return [Event(DISAGREE, chain.feed, chain.underlying, detail, now)]
