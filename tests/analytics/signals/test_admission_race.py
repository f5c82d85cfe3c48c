"""Processes that admit at once, some of them killed: no lock and no cap is ever passed (DOMAIN 5.9).

It takes as long as processes take to start: the race is between processes, as in life.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

pytestmark = [pytest.mark.enable_socket, pytest.mark.process]
WORKER = Path(__file__).parent / "admission_worker.py"
ROOT = Path(__file__).parents[3]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def postgres() -> Iterator[str]:
    """A database of its own on the server that QC_TEST_POSTGRES names."""
    server = os.environ.get("QC_TEST_POSTGRES") or pytest.skip("QC_TEST_POSTGRES names no server")
    name = f"qc_admission_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield server.rpartition("/")[0] + f"/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """A database file of its own."""
    return f"sqlite:///{tmp_path}/admission.sqlite3"


@pytest.fixture(params=["sqlite", "postgres"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Start a worker process on an empty database; whatever still runs is killed in the end."""
    own = {
        "QC_VAR": str(tmp_path), "QC_TRADING_MODE": "sim", "PYTHONPATH": str(ROOT),
        "QC_DATABASE_URL": request.getfixturevalue(request.param),
        "QC_REDIS_URL": f"unix://{tmp_path}/none.sock",
    }  # fmt: skip
    started = []

    def run(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(WORKER), *arguments], env={**os.environ, **own},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    assert run("migrate").wait(timeout=60) == 0
    yield run
    for process in started:
        process.kill()
        process.communicate()


def outcome(start: Start) -> Any:
    out, err = start("report").communicate(timeout=60)
    assert out, err
    return json.loads(out)


def go(*workers: "subprocess.Popen[str]") -> None:
    """Let workers begin at the same moment: when all of them are ready."""
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()


def test_neither_locks_nor_caps_are_passed_by_several_at_once(start: Start) -> None:
    workers = [start("admit", str(seed), "1") for seed in range(4)]
    go(*workers)
    failed = [err for worker in workers for err in [worker.communicate(timeout=120)[1]] if err]

    found = outcome(start)
    assert failed == []
    assert (found["live"], found["kinds"]) == (10, 10)
    assert (found["most_of_strategy"], found["most_of_symbol"] <= 2) == (1, True)
    assert (found["signals"], found["emitted"], found["orphans"]) == (10, 10, 0)


def test_whoever_is_killed_leaves_a_signal_or_nothing(start: Start) -> None:
    for tried in (1, 3, 9):
        victim = start("admit", str(tried), "50")
        go(victim)
        assert victim.stdout is not None
        for _ in range(tried):
            victim.stdout.readline()
        victim.kill()
        victim.wait()
    last = start("admit", "9", "1")
    go(last)
    last.communicate(timeout=120)

    found = outcome(start)
    assert (found["live"], found["kinds"], found["most_of_strategy"]) == (10, 10, 1)
    assert (found["signals"], found["emitted"], found["orphans"]) == (10, 10, 0)
