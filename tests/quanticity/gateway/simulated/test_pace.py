"""The limit on messages, and what a late server owes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanticity.gateway.simulated.pace import Bucket, Lateness


def test_a_second_of_messages_may_come_at_once() -> None:
    bucket = Bucket(50)

    assert [bucket.take(0.0, 0.0) for _ in range(51)] == [True] * 50 + [False]


@given(st.integers(1, 400))
def test_the_permitted_rate_is_never_too_fast(count: int) -> None:
    bucket = Bucket(50)

    assert all(bucket.take(n / 45, 0.0) for n in range(count))


def test_bursts_of_the_library_a_second_apart_pass() -> None:
    bucket = Bucket(50)

    assert all(bucket.take(second * 0.99, 0.0) for second in range(20) for _ in range(45))


@pytest.mark.parametrize(("late", "passed"), [(0.0, 50), (2.0, 150)])
def test_what_piled_up_while_the_server_was_late_passes(late: float, passed: int) -> None:
    bucket = Bucket(50)
    bucket.take(0.0, 0.0)

    assert sum(bucket.take(late + 1, late) for _ in range(passed)) == passed
    assert not bucket.take(late + 1, late)


def test_lateness_is_seen_while_it_lasts_and_for_a_while_after() -> None:
    lateness = Lateness(0.05)
    lateness.beat(0.0)
    assert lateness.at(3.05) == pytest.approx(3.0)
    lateness.beat(3.05)

    assert lateness.at(3.1) == pytest.approx(3.0)
    assert lateness.at(20.0) < 17.0
