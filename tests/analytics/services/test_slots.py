"""A slot runs once, whoever fires it and however often."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.models import JobSlot
from analytics.services import slots
from quanticity.config.loader import section
from quanticity.config.timetable import Settings

START = datetime(2025, 11, 21, 17, 0, 1, tzinfo=UTC)
EVERY_S = 30.0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("second_beat_after_s", "runs"),
    [
        pytest.param(None, 20, id="one beat"),
        pytest.param(0.0, 20, id="two at once"),
        pytest.param(7.0, 20, id="two, seven seconds apart"),
        pytest.param(29.5, 20, id="two, a slot's edge between them"),
    ],
)
def test_two_beats_run_each_slot_once(
    noon: Any, second_beat_after_s: float | None, runs: int
) -> None:
    beats = [0.0] if second_beat_after_s is None else [0.0, second_beat_after_s]
    fired = sorted(n * EVERY_S + beat for n in range(20) for beat in beats)
    claimed = []
    for at in fired:
        noon.at = START + timedelta(seconds=at)
        claimed.append(slots.claim("job", "SPY", EVERY_S))

    assert abs(sum(claimed) - runs) <= 1


@pytest.mark.django_db
def test_a_beat_that_trembles_loses_no_slot(noon: Any) -> None:
    claimed = []
    for n in range(40):
        noon.at = START.replace(second=0) + timedelta(
            seconds=n * EVERY_S + (0.2 if n % 2 else -0.2)
        )
        claimed.append(slots.claim("job", "SPY", EVERY_S))

    assert all(claimed)


@pytest.mark.django_db
def test_symbols_have_slots_of_their_own(noon: Any) -> None:
    assert [slots.claim("job", symbol, EVERY_S) for symbol in ("SPY", "QQQ", "SPY")] == [
        True,
        True,
        False,
    ]


@pytest.mark.django_db
def test_a_clock_set_back_stops_no_job(noon: Any) -> None:
    slots.claim("job", "SPY", EVERY_S)
    noon.at -= timedelta(hours=3)

    assert slots.claim("job", "SPY", EVERY_S)
    assert not slots.claim("job", "SPY", EVERY_S)


@pytest.mark.django_db
def test_a_decorated_job_runs_once_a_cadence(noon: Any) -> None:
    ran = []
    job = slots.once("forced_flow_s")(ran.append)
    every_s = section("timetable", Settings).forced_flow_s
    for seconds in (0, 1, every_s, every_s + 1):
        noon.at = START + timedelta(seconds=seconds)
        job("SPY")

    assert ran == ["SPY", "SPY"]


@pytest.mark.django_db
def test_of_many_hints_at_one_instant_one_wins(noon: Any) -> None:
    won = [slots.claim("job", "SPY", 3_600.0) for _ in range(8)]

    assert won == [True, *[False] * 7]
    assert JobSlot.objects.count() == 1


@pytest.mark.django_db
def test_a_job_that_fails_five_times_in_a_row_rests_for_a_minute(noon: Any) -> None:
    tries = []

    @slots.once("exposures_s")
    def failing(symbol: str) -> None:
        tries.append(symbol)
        raise LookupError(symbol)

    def fire(after_s: float) -> None:
        noon.at = START + timedelta(seconds=after_s)
        with suppress(LookupError):
            failing("SPY")

    for n in range(5):
        fire(30.0 * n)
    fire(150.0)
    rested = len(tries)
    fire(181.0)

    assert rested == 5
    assert len(tries) == 6
