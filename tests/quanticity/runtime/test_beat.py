from datetime import timedelta

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from quanticity import leases
from quanticity.celery import app
from quanticity.domain.clock import ReplayedClock, using
from quanticity.runtime import beat
from quanticity.store import health

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]


@pytest.fixture
def scheduler(store):
    return beat.Scheduler(app, lazy=True)


def an_entry(seconds: int) -> beat.ScaledEntry:
    interval = IntervalSchedule.objects.create(every=seconds, period=IntervalSchedule.SECONDS)
    row = PeriodicTask.objects.create(name="x", task="analytics.refresh_vpin", interval=interval)
    return beat.ScaledEntry(row, app=app)


@pytest.mark.parametrize(
    ("cadence_s", "speed", "expected_s", "expires_s"),
    [
        pytest.param(60, 1.0, 60.0, 60.0, id="real time"),
        pytest.param(60, 12.0, 5.0, 5.0, id="twelve times as fast"),
        pytest.param(5, 60.0, 0.25, 1.0, id="never oftener than four times a second"),
    ],
)
def test_cadences_are_platform_time(noon, cadence_s, speed, expected_s, expires_s) -> None:
    with using(ReplayedClock(noon.now(), speed)):
        entry = an_entry(cadence_s)

    assert entry.schedule.run_every == timedelta(seconds=expected_s)
    assert entry.options["expires"] == expires_s


def test_the_entry_after_a_run_keeps_platform_time(noon) -> None:
    with using(ReplayedClock(noon.now(), 12.0)):
        assert next(an_entry(60)).schedule.run_every == timedelta(seconds=5)


def test_a_beat_that_holds_the_lease_shows_a_sign_of_life(scheduler) -> None:
    scheduler._schedule = {}

    scheduler.tick()

    assert health.beats(("beat",))["beat"] is not None


def test_a_second_beat_fires_nothing_and_waits(scheduler) -> None:
    leases.hold("beat", "another", beat.LEASE_S)

    assert scheduler.tick() == beat.IDLE_S
    assert health.beats(("beat",))["beat"] is None


def test_a_beat_that_ends_leaves_the_lease_to_the_next(scheduler) -> None:
    scheduler._schedule = {}
    scheduler.tick()

    scheduler.close()

    assert leases.hold("beat", "another", 60) is not None


def test_the_timetable_is_looked_at_now_and_then(noon, scheduler, monkeypatch) -> None:
    boot_s = 100.0
    monkeypatch.setattr(beat.clock, "boot_seconds", lambda: boot_s)
    an_entry(60)
    asked = [scheduler.schedule_changed()]
    PeriodicTask.objects.get(name="x").save()  # an edit
    asked.append(scheduler.schedule_changed())
    boot_s += beat.LOOK_S
    asked.append(scheduler.schedule_changed())

    assert asked == [False, False, True]


def test_what_comes_next_is_queued_anew_after_an_edit(noon, scheduler, monkeypatch) -> None:
    boot_s = 100.0
    monkeypatch.setattr(beat.clock, "boot_seconds", lambda: boot_s)
    an_entry(60)
    read = [scheduler.schedules_equal(None, scheduler.schedule) for _ in range(2)]
    PeriodicTask.objects.get(name="x").save()  # an edit
    boot_s += beat.LOOK_S
    read += [scheduler.schedules_equal(None, scheduler.schedule) for _ in range(2)]

    assert read == [True, True, False, True]
