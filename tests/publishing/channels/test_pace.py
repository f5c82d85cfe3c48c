"""Pace: a service's own word, and its known limits."""

from collections.abc import Iterator
from typing import Any

import pytest

from publishing.channels.pace import Pace, limits_of
from quanticity.domain import clock


@pytest.fixture
def uptime(monkeypatch: Any) -> Iterator[Any]:
    """The machine's seconds, moved by hand."""

    class Uptime:
        now = 1_000.0

    monkeypatch.setattr(clock, "boot_seconds", lambda: Uptime.now)
    return Uptime


def test_an_unknown_service_sets_no_limit(uptime: Any) -> None:
    pace = Pace()
    [pace.note_sent() for _ in range(50)]

    assert (pace.ready_in_s(), pace.room()) == (0.0, 1_000)


def test_five_in_two_seconds_and_then_a_wait(uptime: Any) -> None:
    pace = Pace(((5, 2.0), (30, 60.0)))
    rooms = []
    for _ in range(5):
        rooms.append(pace.room())
        pace.note_sent()
        uptime.now += 0.1

    assert rooms == [5, 4, 3, 2, 1]
    assert pace.room() == 0
    assert pace.ready_in_s() == pytest.approx(1.5)
    uptime.now += 1.5
    assert (pace.room(), pace.ready_in_s()) == (1, 0.0)


def test_the_longer_window_counts_as_well(uptime: Any) -> None:
    pace = Pace(((5, 2.0), (6, 60.0)))
    for _ in range(6):
        pace.note_sent()
        uptime.now += 1.0

    assert pace.ready_in_s() == pytest.approx(54.0)


def test_a_service_that_has_nothing_left_is_left_alone(uptime: Any) -> None:
    pace = Pace()
    pace.rest(1.5)

    assert (pace.room(), pace.ready_in_s()) == (0, 1.5)
    uptime.now += 1.5
    assert pace.room() > 0


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://discord.com/api/webhooks/1/x", ((5, 2.0),)),
        ("http://127.0.0.1:9000/api/webhooks/1/x", ()),
        ("", ()),
    ],
)
def test_limits_go_by_host(url: str, known: Any) -> None:
    assert limits_of(url, {"discord_com": ((5, 2.0),)}) == known
