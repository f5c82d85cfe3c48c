"""Ready means that every part that must work does; what is off never counts against it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from quanticity.domain import clock
from quanticity.store import health
from reporting.dashboard import readiness
from reporting.dashboard.readiness import Check, Status


@pytest.fixture
def alive(store: None, settings: Any, server_url: str) -> None:
    """A platform whose parts all said something just now."""
    settings.BROKER_URL = server_url.replace("unix://", "redis+socket://")
    for name in ("beat", *readiness.WORKERS):
        health.beat(name)
    health.write_connection({"state": "CONNECTED"})


def failing(answer: dict[str, Any]) -> set[str]:
    return {check["name"] for check in answer["checks"] if check["status"] == "fail"}


def test_alive_needs_nothing(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
@pytest.mark.usefixtures("no_store")
def test_a_dead_store_is_named(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 503
    assert failing(response.json()) == {"redis", "broker"}
    assert len(response.json()["reasons"]) == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("alive")
def test_everything_alive_is_ready(client: Client) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json()["reasons"]) == (200, [])


@pytest.mark.django_db
@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(
    ("state", "status"), [("DISCONNECTED", 503), ("RESTART_WINDOW", 200), ("BLIND", 200)]
)
def test_only_a_lost_broker_is_not_ready(client: Client, state: str, status: int) -> None:
    health.write_connection({"state": state})

    assert client.get("/readyz").status_code == status


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
def test_silence_is_named(client: Client, settings: Any, server_url: str) -> None:
    settings.BROKER_URL = server_url.replace("unix://", "redis+socket://")

    assert failing(client.get("/readyz").json()) == {"beat", "workers", "gateway"}


@pytest.mark.parametrize(
    ("age_s", "status"),
    [pytest.param(5, Status.OK, id="up"), pytest.param(20, Status.WARN, id="late"), pytest.param(31, Status.FAIL, id="down")],
)  # fmt: skip
def test_a_heartbeat_ages(noon: Any, age_s: float, status: Status) -> None:
    seen = {"at": clock.now().isoformat()}
    noon.advance(age_s)

    assert readiness.sign_of_life("beat", seen).status is status


def test_age_is_real_time_however_fast_the_clock(noon: Any) -> None:
    seen = {"at": clock.now().isoformat()}
    noon.speed = 12.0
    noon.advance(60)

    assert readiness.sign_of_life("beat", seen) == Check("beat", Status.OK, "seen 5 s ago")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("RUNNING", Status.OK),
        ("RESTARTING", Status.WARN),
        ("FATAL", Status.FAIL),
        ("STOPPED", Status.OK),
    ],
)
def test_a_process_that_keeps_dying_is_named(
    settings: Any, tmp_path: Path, state: str, status: Status
) -> None:
    settings.VAR = tmp_path
    (tmp_path / "processes.json").write_text(
        json.dumps({"gateway": {"state": state, "restarts": 7}})
    )

    assert [(c.name, c.status) for c in readiness.processes()] == [("process gateway", status)]


def test_a_feature_without_credential_is_off(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""

    assert Check("stripe", Status.OFF, "off: no credential") in readiness.features()
