"""What beat fires exists, has a queue and a worker, and its answers outlive its cadence."""

import re

import pytest
from django.conf import settings
from kombu import Queue

import celeryconfig
from quanticity.celery import app
from quanticity.config.timetable import timetable
from quanticity.config.universe import universe
from quanticity.runtime.processes import POOLS
from quanticity.store import keys

# Families that one task writes.
WRITES = {
    "analytics.refresh_exposures": ("gex", "dex", "vanna", "charm", "hedging", "skew"),
    "analytics.refresh_forced_flow": ("forced_flow",),
    "analytics.refresh_vpin": ("vpin",),
    "analytics.refresh_sweep": ("sweep",),
    "analytics.refresh_toxicity": ("toxicity",),
    "analytics.refresh_flow_clusters": ("flow_clusters",),
    "analytics.refresh_hidden": ("hidden",),
    "analytics.refresh_unusual": ("unusual",),
    "analytics.refresh_moc": ("moc",),
    "analytics.refresh_technicals": ("technicals",),
    "analytics.refresh_snapshot": ("snapshot",),
    "analytics.refresh_sector": ("sector",),
    "analytics.refresh_summary": ("summary",),
    "analytics.refresh_correlation": ("correlation",),
    "analytics.refresh_volatility": ("volatility",),
}
BY_RECORDER = {"obi"}
BY_SOURCES = {"sentiment"}  # while a source over HTTP is on
ENTRIES = timetable()
CADENCES = [
    pytest.param(entry["schedule"].total_seconds(), family, id=f"{entry['task']} {family}")
    for entry in ENTRIES.values()
    for family in WRITES.get(entry["task"], ())
]


@pytest.fixture(scope="module")
def tasks() -> dict[str, object]:
    app.loader.import_default_modules()
    return dict(app.tasks)


@pytest.mark.parametrize("name", sorted({entry["task"] for entry in ENTRIES.values()}))
def test_what_beat_fires_is_a_task(tasks, name) -> None:
    assert name in tasks


@pytest.mark.parametrize("name", sorted({entry["task"] for entry in ENTRIES.values()}))
def test_beat_sends_a_task_to_the_queue_it_declares(tasks, name) -> None:
    (queue,) = {entry["options"]["queue"] for entry in ENTRIES.values() if entry["task"] == name}

    assert queue == tasks[name].queue


def test_each_of_our_tasks_has_a_queue_with_a_worker(tasks) -> None:
    served = {pool.queue for pool in POOLS}

    lost = {
        n: t.queue
        for n, t in tasks.items()
        if not n.startswith("celery.") and t.queue not in served
    }
    assert lost == {}


def test_task_names_say_stage_and_verb(tasks) -> None:
    named = re.compile(r"(analytics|execution|publishing|reporting|pipeline)\.[a-z]+(_[a-z0-9]+)*")

    assert [n for n in tasks if not n.startswith("celery.") and not named.fullmatch(n)] == []


@pytest.mark.parametrize(("cadence_s", "family"), CADENCES)
def test_a_reading_outlives_three_cadences(cadence_s, family) -> None:
    assert keys.FAMILY_TTL[family] >= 3 * cadence_s


def test_every_family_is_refreshed_by_somebody() -> None:
    fired = {entry["task"] for entry in ENTRIES.values()}
    written = {family for task, families in WRITES.items() if task in fired for family in families}

    assert written | BY_RECORDER | BY_SOURCES == set(keys.FAMILY_TTL)


def test_the_whole_universe_is_refreshed() -> None:
    asked = {
        entry["args"] for entry in ENTRIES.values() if entry["task"] == "analytics.refresh_vpin"
    }

    assert asked == {(symbol,) for symbol in universe().symbols}


def test_the_workers_serve_exactly_the_queues() -> None:
    assert {queue.name for queue in celeryconfig.task_queues} == {pool.queue for pool in POOLS}


def test_a_queue_nobody_declared_is_an_error() -> None:
    assert not celeryconfig.task_create_missing_queues
    assert all(isinstance(queue, Queue) for queue in celeryconfig.task_queues)


def test_the_broker_gives_nothing_back_before_the_longest_countdown() -> None:
    longest_countdown_s = 300

    assert celeryconfig.broker_transport_options["visibility_timeout"] > 10 * longest_countdown_s


def test_an_idle_websocket_is_not_cut() -> None:
    (host,) = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]

    assert host["socket_timeout"] is None
