"""The broker goes away while countdowns are held, and comes back (ECOSYSTEM 0.2, 0.3)."""

import subprocess
import sys

import pytest
import redis

from tests.process.places import Place, Server, until

pytestmark = [pytest.mark.process, pytest.mark.enable_socket]
OWED = 20
COUNTDOWN_S = 3

OWE = f"""
import time, outbox_app as o
with o.database() as c:
    c.executemany("INSERT INTO owed (id, due) VALUES (?, ?)", [(n, time.time() + {COUNTDOWN_S}) for n in range({OWED})])
for n in range({OWED}):
    o.deliver.apply_async((n,), countdown={COUNTDOWN_S})
"""
SENT = "import outbox_app as o; print(o.database().execute('SELECT min(sent), max(sent) FROM owed').fetchone())"


@pytest.fixture
def worker(place: Place, server: Server) -> subprocess.Popen[bytes]:
    process = place.python(
        "worker", "-m", "celery", "-A", "outbox_app", "worker", "-Q", "publishing",
        "--pool", "threads", "--concurrency", "8", "--without-gossip", "--without-mingle",
    )  # fmt: skip
    until(lambda: "ready." in place.log("worker"), what="the worker")
    return process


def ask(place: Place, code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=place.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_nothing_owed_is_lost_when_the_broker_dies_holding_countdowns(
    place, server, worker
) -> None:
    ask(place, OWE)
    until(lambda: server.client(1).hlen("unacked") == OWED, what="held countdowns")

    server.kill()
    until(lambda: "Connection to broker lost" in place.log("worker"), what="the worker to notice")
    server.start()
    sweeping = "import outbox_app as o; print(o.sweep())"
    until(
        lambda: ask(place, sweeping) == "0" and ask(place, SENT) == "(1, 1)",
        30,
        "every row sent once",
    )

    assert worker.poll() is None


def test_a_worker_waits_for_a_broker_that_is_not_there_yet(place, server) -> None:
    server.kill()
    worker = place.python(
        "worker",
        "-m",
        "celery",
        "-A",
        "outbox_app",
        "worker",
        "-Q",
        "publishing",
        "--pool",
        "threads",
    )
    until(lambda: "Cannot connect to" in place.log("worker"), what="the worker to try")

    server.start()

    until(lambda: "ready." in place.log("worker"), what="the worker")
    assert worker.poll() is None


def test_a_killed_server_keeps_what_was_written(server) -> None:
    written = {f"key:{n}": str(n).encode() for n in range(1_000)}
    server.client().mset(written)

    server.kill()
    server.start()

    assert server.client().mget(list(written)) == list(written.values())


def test_the_server_answers_nobody_without_the_password(server) -> None:
    port = int(server.url.rsplit(":", 1)[1].split("/")[0])
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port).ping()
