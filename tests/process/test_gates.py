"""Two workers, each a process, pass the same gate at the same moment: one order is recorded."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import missing

pytestmark = [pytest.mark.process, pytest.mark.enable_socket]
ROOT = Path(__file__).parents[2]
FOUND = "SELECT state, denied_by FROM execution_orderintent ORDER BY state"


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """A database file of its own."""
    return f"sqlite:///{tmp_path}/gates.sqlite3"


@pytest.fixture
def postgres() -> Iterator[str]:
    """A database of its own on the server that QC_TEST_POSTGRES names."""
    server = os.environ.get("QC_TEST_POSTGRES") or missing(
        "postgres", "QC_TEST_POSTGRES is not set"
    )
    name = f"qc_gates_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield server.rpartition("/")[0] + f"/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    found: str = request.getfixturevalue(request.param)
    return found


# Three processes that load the platform: ten seconds, and the only proof that is one.
def test_one_place_is_taken_once(database: str, server_url: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "QC_VAR": str(tmp_path), "QC_DATABASE_URL": database, "QC_REDIS_URL": server_url,
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip

    def start(*words: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment)

    assert start("manage.py", "migrate", "--verbosity", "0").wait(60) == 0
    assert start("tests/process/gate_app.py", "begin").wait(60) == 0

    workers = [start("tests/process/gate_app.py", "gate", number) for number in "12"]

    assert [worker.wait(90) for worker in workers] == [0, 0]
    assert rows(database) == [("BLOCKED", "MAX_PENDING"), ("SUBMITTING", "")]


def rows(database: str) -> list[tuple[str, str]]:
    if database.startswith("sqlite"):
        with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
            return connection.execute(FOUND).fetchall()
    with psycopg.connect(database) as other:
        return other.execute(FOUND).fetchall()
