"""The whole platform, as an operator meets it: up, a crash, two side by side, down."""

import os
import signal
import socket

import psutil
import pytest

from quanticity.runtime import states
from quanticity.runtime.states import State
from tests.process.places import Place, until

pytestmark = [pytest.mark.process, pytest.mark.enable_socket, pytest.mark.timeout(600)]
RESIDENT_MAX_BYTES = 1.5 * 1_073_741_824
WORKERS = (
    "worker-market", "worker-entries", "worker-execution", "worker-publishing", "worker-reporting",
)  # fmt: skip
NAMES = {"redis", "simulator", "gateway", "web", "beat", "flower", *WORKERS}


@pytest.fixture
def up(place: Place, free_port: int):
    """A platform that is up; whatever happens, nothing of it stays."""
    started = place.manage("up", "--detach", "--port", str(free_port), timeout=150)
    assert started.returncode == 0, started.stderr + place.manage("status").stdout
    yield started.stdout
    place.manage("down")
    for process in place.residents():
        process.kill()


def test_a_day_in_the_life(place, up, free_port) -> None:
    # One start for all of it: a start costs ten seconds of a busy machine.
    assert_everything_is_there(place, up, free_port)
    assert_a_second_supervisor_is_refused(place)
    assert_a_killed_worker_comes_back(place)
    until(place.is_ready, what="readiness")
    assert_a_killed_store_comes_back(place)
    assert_it_goes_down(place)
    assert_a_second_start_continues(place, free_port)
    assert_what_a_killed_supervisor_left_is_taken_down(place)


def kill(place: Place, name: str) -> None:
    pid = place.seen(name).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def assert_everything_is_there(place: Place, said: str, port: int) -> None:
    status = place.status()
    assert {one["name"]: one["state"] for one in status["processes"]} == dict.fromkeys(
        NAMES, "RUNNING"
    )
    assert status["rss_bytes"] < RESIDENT_MAX_BYTES
    assert f"http://127.0.0.1:{port}/dashboard/" in said
    assert "shown this once: operator /" in said
    assert said.rsplit(maxsplit=1)[-1] not in (place.var / "logs" / "up.log").read_text()
    assert place.is_ready()


def assert_a_second_supervisor_is_refused(place: Place) -> None:
    second = place.manage("up", "--detach")
    assert (second.returncode, second.stderr.count("already up")) == (2, 1)


def assert_a_killed_worker_comes_back(place: Place) -> None:
    kill(place, "worker-market")
    until(lambda: place.seen("worker-market").restarts == 1, what="a restart")
    until(lambda: place.seen("worker-market").state is State.RUNNING, what="the worker")


def assert_a_killed_store_comes_back(place: Place) -> None:
    survivors = {name: place.seen(name).pid for name in (*WORKERS, "web", "beat", "flower")}
    kill(place, "redis")
    until(lambda: place.seen("redis").restarts == 1, what="a restart")
    until(place.is_ready, what="everything to be well again")
    assert {name: place.seen(name).pid for name in survivors} == survivors


def assert_it_goes_down(place: Place) -> None:
    stopped = place.manage("down")
    assert (stopped.stdout.strip(), place.residents()) == ("stopped", [])


def assert_a_second_start_continues(place: Place, port: int) -> None:
    stopped_at = place.status()["platform_at"]
    again = place.manage("up", "--detach", "--port", str(port), timeout=150)
    assert (again.returncode, "shown this once" in again.stdout) == (0, False)
    assert place.status()["platform_at"] >= stopped_at


def assert_what_a_killed_supervisor_left_is_taken_down(place: Place) -> None:
    keeper = states.keeper(place.var)
    assert keeper is not None
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(keeper.pid), what="the supervisor's end")
    assert_it_goes_down(place)


def test_a_taken_port_is_named(place, free_port) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()

        refused = place.manage("up", "--port", str(free_port))

    assert (refused.returncode, refused.stderr.count(f"was {free_port}, which is in use")) == (2, 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(("--speed", "0"), "--speed: expected a positive number, was 0.0", id="speed"),
        pytest.param(
            ("--speed", "nan"), "--speed: expected a positive number, was nan", id="no number"
        ),
        pytest.param(
            ("--start", "noon"), "--start: expected an ISO instant, was 'noon'", id="start"
        ),
        pytest.param(
            ("--tape", "/nowhere"), "--tape: expected a file or folder, was /nowhere", id="tape"
        ),
    ],
)
def test_a_wrong_option_is_one_sentence(place, free_port, words, sentence) -> None:
    refused = place.manage("up", "--port", str(free_port), *words)

    assert (refused.returncode, sentence in refused.stderr, "Traceback" in refused.stderr) == (
        2,
        True,
        False,
    )
