import json
from datetime import UTC, datetime, timedelta

import pytest

from quanticity.domain.market import Bar
from quanticity.store import keys, market
from quanticity.store.client import client
from quanticity.store.tails import START, Tail

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]
AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)


def bars(*minutes: int) -> list[Bar]:
    return [Bar("SPY", AT + timedelta(minutes=n), 1.0, 2.0, 0.5, 1.5, 9.0, None) for n in minutes]


@pytest.fixture
def parsed() -> list[object]:
    return []


@pytest.fixture
def tail(parsed: list[object]) -> Tail[object]:
    return Tail(
        keys.bars("SPY", "1min"), lambda raw: parsed.append(raw) or json.loads(raw)["open_at"], 3
    )


def test_an_entry_is_parsed_once(tail, parsed) -> None:
    market.add_bars("SPY", "1min", bars(0, 1))
    tail.values()
    market.add_bars("SPY", "1min", bars(2))

    assert len(tail.values()) == 3
    assert len(parsed) == 3


def test_only_the_latest_are_kept(tail) -> None:
    market.add_bars("SPY", "1min", bars(0, 1, 2, 3, 4))

    assert [at[14:16] for at in tail.values()] == ["02", "03", "04"]


def test_a_place_gives_what_is_new(tail) -> None:
    market.add_bars("SPY", "1min", bars(0, 1))
    _, place, _ = tail.since(START)
    market.add_bars("SPY", "1min", bars(2))

    fresh, after, continues = tail.since(place)

    assert (len(fresh), continues) == (1, True)
    assert tail.since(after)[0] == []


def test_a_stream_begun_anew_begins_the_tail_anew(tail) -> None:
    market.add_bars("SPY", "1min", bars(0, 1))
    _, place, _ = tail.since(START)
    market.replace_bars("SPY", "1min", bars(7))

    fresh, _, continues = tail.since(place)

    assert ([at[14:16] for at in fresh], continues) == (["07"], False)


def test_a_stream_begun_anew_within_a_millisecond_is_another_one(tail) -> None:
    for minute in range(200):
        market.replace_bars("SPY", "1min", bars(minute % 60))
        _, place, _ = tail.since(START)
        market.replace_bars("SPY", "1min", bars((minute + 1) % 60))

        assert not tail.since(place)[2]


def test_a_stream_that_is_gone_leaves_nothing(tail) -> None:
    market.add_bars("SPY", "1min", bars(0))
    tail.values()
    client().flushall()

    assert tail.values() == []
