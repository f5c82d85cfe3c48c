"""Who waits for SQLite's write lock has it when it is free, and is told when it never is."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from quanticity.sqlite import base

pytestmark = pytest.mark.django_db  # lets connections be made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection, which holds the write lock."""
    found = sqlite3.connect(tmp_path / "a.sqlite3", isolation_level=None, check_same_thread=False)
    found.execute("PRAGMA journal_mode=WAL")
    found.execute("CREATE TABLE seen (n)")
    found.execute("BEGIN IMMEDIATE")
    yield found
    found.close()


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Any]:
    """A connection as the platform makes them, with a patience of half a second."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 0.5}
    named = {"ENGINE": "quanticity.sqlite", "NAME": tmp_path / "a.sqlite3", "OPTIONS": options}
    found = ConnectionHandler({"default": named})["default"]
    yield found
    found.close()


def write(connection: Any) -> None:
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    connection.cursor().execute("INSERT INTO seen VALUES (1)")
    connection.commit()
    connection.set_autocommit(True)


def test_the_platform_writes_through_it() -> None:
    assert settings.DATABASES["default"]["ENGINE"] in (
        "quanticity.sqlite", "django.db.backends.postgresql"
    )  # fmt: skip


def test_a_writer_begins_when_the_lock_is_free(ours, other, monkeypatch) -> None:
    looks = threading.Event()
    monkeypatch.setattr(base.time, "sleep", lambda _s: (looks.set(), other.rollback()))

    write(ours)

    assert looks.is_set()
    assert other.execute("SELECT count(*) FROM seen").fetchone() == (1,)


def test_a_lock_that_is_never_free_is_told_and_the_next_try_goes_on(ours, other) -> None:
    with pytest.raises(OperationalError, match="locked"):
        write(ours)
    other.rollback()

    write(ours)

    assert ours.connection.execute("PRAGMA busy_timeout").fetchone() == (500,)
