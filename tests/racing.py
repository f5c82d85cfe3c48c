"""Two workers at once: a database file of their own, and a start in step.

The test database is in memory, where SQLite does not wait for a lock; on disk it does, as in life.
PostgreSQL (QC_DATABASE_URL) is taken as it is.
"""

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

from django.db import connection


@contextmanager
def on_disk(folder: Path) -> Iterator[None]:
    """Work on a copy of the empty test database in a file; threads open it for themselves."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    in_memory, name = connection.connection, connection.settings_dict["NAME"]
    path = folder / "race.sqlite3"
    with sqlite3.connect(path) as copy:
        in_memory.backup(copy)
    copy.close()
    connection.connection, connection.settings_dict["NAME"] = None, str(path)
    try:
        yield
    finally:
        connection.close()
        connection.connection, connection.settings_dict["NAME"] = in_memory, name


def in_two_threads(work: Callable[[], Sequence[Any]]) -> list[Any]:
    """Run it twice at the same time; everything that both returned."""
    found: list[Any] = []
    start = Barrier(2)

    def run() -> None:
        start.wait()
        try:
            found.append(list(work()))
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2, "a worker died"
    return list(itertools.chain(*found))
