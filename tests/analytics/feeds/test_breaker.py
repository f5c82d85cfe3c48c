"""The circuit breaker: opens after failures in a row, waits longer each time, lets one probe by."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from analytics.feeds import breaker as breakers
from analytics.feeds.breaker import Breaker, Settings, State

SETTINGS = Settings(failures=3, open_s=120.0, open_max_s=900.0, probe_s=60.0)
NOW = 1_000_000.0


def failed(times: int, breaker: Breaker | None = None, at: float = NOW) -> Breaker:
    found = breaker or Breaker()
    for _ in range(times):
        found = breakers.fail(found, at, "answered 500", SETTINGS)
    return found


def test_two_failures_leave_it_closed_and_the_third_opens_it() -> None:
    assert failed(2).state is State.CLOSED
    assert (failed(3).state, failed(3).wait_s(NOW)) == (State.OPEN, 120.0)


def test_a_success_in_between_begins_the_count_anew() -> None:
    assert failed(2, breakers.succeed(NOW)).state is State.CLOSED


def test_while_open_nothing_leaves() -> None:
    assert breakers.begin(failed(3), NOW + 119.9, SETTINGS) is None


def test_then_one_probe_leaves_and_no_second_one() -> None:
    probing = breakers.begin(failed(3), NOW + 120, SETTINGS)
    assert probing is not None
    assert probing.state is State.HALF_OPEN
    assert breakers.begin(probing, NOW + 121, SETTINGS) is None


def test_a_probe_that_was_lost_frees_the_way_later() -> None:
    probing = breakers.begin(failed(3), NOW + 120, SETTINGS)
    assert probing is not None
    assert breakers.begin(probing, NOW + 180, SETTINGS) is not None


def test_failed_probes_double_the_wait_up_to_its_limit() -> None:
    breaker, at, waits = failed(3), NOW, []
    for _ in range(5):
        waits.append(breaker.wait_s(at))
        at += breaker.wait_s(at)
        probing = breakers.begin(breaker, at, SETTINGS)
        assert probing is not None
        breaker = breakers.fail(probing, at, "again", SETTINGS)
    assert waits == [120, 240, 480, 900, 900]


def test_a_successful_probe_closes_it_for_good() -> None:
    closed = breakers.succeed(NOW)
    assert (closed.state, closed.opened, closed.wait_s(NOW)) == (State.CLOSED, 0, 0.0)


def test_a_pause_holds_however_well_it_went() -> None:
    paused = breakers.pause(Breaker(), NOW, 30.0, "answered 429")
    assert paused.wait_s(NOW + 29) == pytest.approx(1.0)
    assert breakers.pause(paused, NOW, 5.0, "shorter").wait_s(NOW) == 30.0


@given(some.lists(some.sampled_from(["fail", "succeed", "wait"]), max_size=40))
def test_it_never_lets_two_requests_out_while_not_closed(steps: list[str]) -> None:
    breaker, now = Breaker(), NOW
    for step in steps:
        now += 200.0 if step == "wait" else 0.0
        begun = breakers.begin(breaker, now, SETTINGS)
        outcome = {
            "fail": lambda b: breakers.fail(b, now, "x", SETTINGS),  # noqa: B023
            "succeed": lambda _: breakers.succeed(now),  # noqa: B023
            "wait": lambda b: b,
        }[step]
        breaker = breaker if begun is None else outcome(begun)
        second = breakers.begin(breaker, now, SETTINGS)
        assert second is None or breaker.state is State.CLOSED


def test_it_is_published_and_read_back() -> None:
    known = replace(failed(3), succeeded_s=NOW)
    assert Breaker.from_text(known.as_text()) == known
    assert Breaker.from_text(None) == Breaker()
