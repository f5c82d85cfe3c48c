"""The desk: which feed's chain stands, and what is noted when that changes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from analytics.feeds import arbiter
from analytics.feeds.arbiter import Head, Settings
from analytics.ingestion import desk
from quanticity.config.loader import section
from quanticity.domain.options import Chain
from quanticity.store import market
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("noon", "store")
SETTINGS = replace(
    section("analytics.feeds.arbiter", Settings),
    silent_after_s=60.0, disagree_frac=0.002, comparable_s=60.0,
)  # fmt: skip


def chain(feed: str, spot: float = 600.0, at: Any = NOON) -> Chain:
    return replace(factories.chain(as_of=at), feed=feed, spot=spot)


@pytest.mark.parametrize(
    ("standing", "feed", "age_s", "may"),
    [
        (None, "cboe_delayed", 0, True),
        ("ibkr", "alphavantage", 0, True),
        ("ibkr", "ibkr", 0, True),
        ("alphavantage", "ibkr", 30, False),
        ("alphavantage", "ibkr", 61, True),
        ("sim", "cboe_delayed", 59, False),
        ("ibkr", "cboe_delayed", 61, True),
        ("cboe_delayed", "sim", 0, True),
    ],
)
def test_a_better_feed_stands_until_it_is_silent(
    standing: str | None, feed: str, age_s: float, may: bool
) -> None:
    written = NOON - timedelta(seconds=age_s)
    head = None if standing is None else Head(standing, written, written, 600.0)
    assert arbiter.may_replace(head, feed, NOON, SETTINGS) is may


def test_a_chain_that_stands_can_be_asked_for_its_head() -> None:
    desk.offer(chain("sim", 601.5))
    assert desk.head("SPY") == Head("sim", NOON, NOON, 601.5)
    assert desk.head("QQQ") is None


def test_a_worse_feed_is_stored_only_when_the_better_one_is_silent(noon: Any) -> None:
    desk.offer(chain("ibkr"))
    assert desk.offer(chain("cboe_delayed")) == (False, [])
    noon.advance(61)
    stands, (event,) = desk.offer(chain("cboe_delayed", at=noon.at))

    assert stands
    assert (event.kind, event.feed, event.symbol) == ("SWITCHED", "cboe_delayed", "SPY")
    assert "from ibkr" in event.detail
    found = market.chain("SPY")
    assert found is not None
    assert found.feed == "cboe_delayed"


def test_the_better_feed_comes_back_at_once(noon: Any) -> None:
    desk.offer(chain("cboe_delayed"))
    stands, (event,) = desk.offer(chain("ibkr"))
    assert (stands, event.kind) == (True, "SWITCHED")


def stale(feed: str) -> Chain:
    fresh = chain(feed)
    return replace(fresh, quote_epoch_ms=np.zeros(len(fresh), dtype=np.int64))


def test_a_stale_chain_of_a_better_feed_displaces_no_fresh_one(noon: Any) -> None:
    desk.offer(chain("ibkr"))
    assert desk.offer(stale("alphavantage")) == (False, [])

    noon.advance(61)
    stands, _ = desk.offer(stale("alphavantage"))
    assert stands


@pytest.mark.parametrize("feed", ["alphavantage", "ibkr", "cboe_delayed"])
def test_a_fresh_chain_displaces_a_stale_one_at_once(feed: str) -> None:
    desk.offer(stale("alphavantage"))
    stands, _ = desk.offer(chain(feed))
    found = desk.head("SPY")

    assert stands
    assert found is not None
    assert (found.feed, found.stale) == (feed, False)


def test_two_feeds_that_contradict_are_noted_once_in_a_while() -> None:
    desk.offer(chain("alphavantage", 600.0))
    _, (event,) = desk.offer(chain("ibkr", 602.0))
    _, again = desk.offer(chain("ibkr", 602.0))
    assert (event.kind, again) == ("DISAGREE", [])
    assert "0.33%" in event.detail


@pytest.mark.parametrize(
    ("feed", "spot", "at"),
    [
        ("ibkr", 601.0, NOON),
        ("alphavantage", 650.0, NOON),
        ("ibkr", 650.0, NOON - timedelta(minutes=15)),
        ("ibkr", None, NOON),
    ],
    ids=["within tolerance", "one feed moving", "another time", "no spot"],
)
def test_what_is_no_contradiction(feed: str, spot: Any, at: Any) -> None:
    head = Head("alphavantage", NOON, NOON, 600.0)
    assert arbiter.disagreement(head, chain(feed, spot, at), SETTINGS) is None
