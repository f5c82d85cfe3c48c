import json
import os
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.core.management import call_command

from publishing.models import Announcement, Delivery
from quanticity.domain.clock import ReplayedClock, using
from quanticity.management import picture
from quanticity.management.screen import line
from quanticity.runtime import states
from quanticity.runtime.states import Keeper, Seen, State
from quanticity.store import health
from quanticity.store.client import client

pytestmark = [
    pytest.mark.django_db, pytest.mark.enable_socket, pytest.mark.usefixtures("store", "noon", "var"),
]  # fmt: skip


@pytest.fixture
def var(tmp_path, settings):
    settings.VAR = tmp_path
    settings.BROKER_URL = "amqp://127.0.0.1"
    return tmp_path


def is_running(name: str = "web", state: State = State.RUNNING, born: float | None = None) -> None:
    me = psutil.Process()
    seen = Seen(0, state, me.pid, me.create_time() if born is None else born, 2, None)
    states.write(
        picture.settings.VAR, Keeper(me.pid, 8000, 5555, ready=True, written=0.0), {name: seen}
    )


def owe(noon: ReplayedClock, due_in_s: float, state: str = "PENDING") -> Delivery:
    seq = Announcement.objects.count() + 1
    told = Announcement.objects.create(
        trade_id="T-1", seq=seq, kind="ENTRY", symbol="SPY", clock_at=noon.now(), facts={},
        created_at=noon.now(), source="sim",
    )  # fmt: skip
    due_at = noon.now() + timedelta(seconds=due_in_s)
    return Delivery.objects.create(
        announcement=told, tier="basic", channel="console", due_at=due_at, state=state, priority=1,
        created_at=noon.now(),
    )  # fmt: skip


def test_a_living_process_has_a_size_and_an_age() -> None:
    is_running()

    (web,) = picture.take()["processes"]

    assert (web["name"], web["state"], web["pid"], web["restarts"]) == (
        "web",
        "RUNNING",
        os.getpid(),
        2,
    )
    assert web["rss_bytes"] > 1_000_000
    assert web["uptime_s"] > 0


def test_a_process_that_vanished_with_its_supervisor_is_gone() -> None:
    is_running(born=1.0)

    (web,) = picture.take()["processes"]

    assert (web["state"], web["pid"], web["rss_bytes"]) == ("GONE", None, None)


def test_its_last_error_is_shown(var) -> None:
    is_running()
    (var / "logs").mkdir()
    (var / "logs" / "web.log").write_text("INFO fine\nERROR no room\n")

    assert picture.take()["processes"][0]["last_error"] == "ERROR no room"


@pytest.mark.parametrize(
    ("due_in_s", "state", "speed", "expected"),
    [
        pytest.param(60, "PENDING", 1.0, (1, 0, 0.0), id="owed, not due"),
        pytest.param(-4, "PENDING", 1.0, (1, 0, 4.0), id="due just now"),
        pytest.param(-9, "CLAIMED", 1.0, (1, 1, 9.0), id="late"),
        pytest.param(-9, "SENT", 1.0, (0, 0, 0.0), id="sent"),
        pytest.param(-120, "PENDING", 60.0, (1, 0, 2.0), id="two real seconds at sixty times"),
    ],
)
def test_what_is_owed_and_late(noon, due_in_s, state, speed, expected) -> None:
    owe(noon, due_in_s, state)

    with using(ReplayedClock(noon.now(), speed)):
        found = picture.take()["deliveries"]

    assert (found["owed"], found["late"], found["worst_late_s"]) == expected


def test_signs_of_life_have_ages_in_real_seconds(noon) -> None:
    health.beat("beat")
    health.beat("worker-market")

    with using(ReplayedClock(noon.now() + timedelta(seconds=30), 10.0)):
        found = picture.take()["heartbeats"]

    assert (found["beat"]["age_s"], found["worker-market"]["age_s"], found["gateway"]) == (
        3.0,
        3.0,
        None,
    )


def test_queues_of_another_broker_are_not_ours_to_measure() -> None:
    assert picture.take()["queues"] is None


def test_a_store_that_is_away_is_a_reason_and_no_crash(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    client.cache_clear()

    document = picture.take()
    client.cache_clear()

    assert (document["queues"], document["heartbeats"]) == (None, None)
    assert "store: ConnectionError" in document["reasons"]


def test_status_is_one_json_document_and_says_by_its_exit_code_that_all_is_not_well(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("status", "--json")

    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (ended.value.code, document["ok"]) == (1, False)
    assert "the platform is not up" in document["reasons"]


def test_the_living_line_says_what_is_wrong(noon) -> None:
    is_running("gateway", State.FATAL)
    owe(noon, -9)

    said = line(picture.take())

    assert said.startswith("SIM Nov 21, 2025 12:00:00 PM EST x1 · 0/1 processes")
    assert "1 owed, 1 late" in said
    assert "gateway: FATAL" in said
