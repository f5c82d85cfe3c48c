"""A guarded request: one turn, one rate for all processes, one breaker per feed and symbol."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from analytics.feeds import breaker as breakers
from analytics.feeds import door, source
from analytics.feeds.breaker import State
from analytics.feeds.source import Settings, Source
from quanticity.domain.errors import TemporaryError
from quanticity.domain.readings import Unavailable
from quanticity.store import feeds, keys
from quanticity.store.client import client

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("store")]
BREAKER = breakers.Settings(failures=3, open_s=120.0, open_max_s=900.0, probe_s=60.0)
SETTINGS = Settings(limit=50, window_s=60.0, every_s=30.0, every_depth_s=10.0, jitter=0.25)
CBOE = Source("cboe_delayed", "cboe", SETTINGS, BREAKER)


def answered() -> str:
    return "chain"


def broken() -> str:
    raise TemporaryError("answered 503")


def throttled() -> str:
    raise door.Throttled("answered 429", retry_after=45.0)


def detail(answer: Any) -> str:
    assert isinstance(answer, Unavailable)
    return answer.detail


def fetch(request: Callable[[], str], symbol: str = "SPY", of: Source = CBOE) -> Any:
    return source.fetch(of, symbol, request)


def test_an_answer_comes_through_and_is_dated() -> None:
    assert fetch(answered) == ("chain", None)
    (seen,) = source.condition([("cboe_delayed", "SPY")])
    assert (seen["state"], seen["failures"], seen["reason"]) == ("CLOSED", 0, "")
    assert 0 <= seen["age_s"] < 5


def test_three_failures_suspend_this_symbol_only() -> None:
    turns = [fetch(broken)[1] for _ in range(3)]
    assert turns == [None, None, State.OPEN]
    assert "suspended: answered 503" in detail(fetch(answered)[0])
    assert fetch(answered, "QQQ") == ("chain", None)


def test_after_the_wait_a_probe_restores_it() -> None:
    for _ in range(3):
        fetch(broken)
    known = replace(source.read("cboe_delayed", "SPY"), until_s=0.0)
    feeds.write_breaker("cboe_delayed", "SPY", known.as_text())
    assert fetch(answered) == ("chain", State.CLOSED)


def test_a_throttled_provider_is_silent_for_all_symbols_and_no_other_provider() -> None:
    fetch(throttled)
    assert "paused: answered 429" in detail(fetch(answered, "QQQ")[0])
    assert fetch(answered, of=replace(CBOE, feed="yahoo_vix1d", provider="yahoo"))[0] == "chain"
    (seen,) = source.condition([("cboe", source.WHOLE)])
    assert seen["state"] == "OPEN"
    assert 40 < seen["retry_in_s"] <= 45


def test_a_pause_that_is_over_is_shown_as_over() -> None:
    fetch(throttled)
    known = replace(source.read("cboe", source.WHOLE), until_s=0.0)
    feeds.write_breaker("cboe", source.WHOLE, known.as_text())
    assert source.condition([("cboe", source.WHOLE)])[0]["state"] == "CLOSED"
    assert fetch(answered)[0] == "chain"


def test_the_rate_holds_for_everybody_together() -> None:
    few = replace(CBOE, settings=replace(SETTINGS, limit=7))
    asked: list[int] = []

    def one(n: int) -> Any:
        return fetch(lambda: asked.append(n), f"S{n}", few)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(40)))
    refused = [a for a, _ in answers if isinstance(a, Unavailable)]
    assert (len(asked), len(refused)) == (7, 33)
    assert "rate limit, free in" in refused[0].detail


def test_a_slot_is_free_again_when_the_window_has_passed_over_it() -> None:
    # The server's clock decides, so the past is written into the window.
    key = keys.provider_rate("cboe")
    now_ms = int(client().time()[0]) * 1000
    client().zadd(key.name, {f"old{n}": now_ms - 61_000 for n in range(5)})
    client().zadd(key.name, {f"new{n}": now_ms - 30_000 for n in range(4)})
    assert feeds.take_slot("cboe", 5, 60.0, "a") == 0
    assert 28 < feeds.take_slot("cboe", 5, 60.0, "b") <= 30
    assert client().zcard(key.name) == 5


def test_one_of_many_processes_has_the_turn() -> None:
    turns = [source.is_turn(CBOE, "SPY", 30.0) for _ in range(20)]
    assert turns.count(True) == 1
    left_ms = client().pttl(keys.feed_turn("cboe_delayed", "SPY").name)
    assert 22_000 < left_ms <= 37_500


def test_who_asked_is_part_of_the_window() -> None:
    fetch(answered)
    (member,) = client().zrange(keys.provider_rate("cboe").name, 0, -1)
    assert member.decode().endswith(f":{os.getpid()}")
