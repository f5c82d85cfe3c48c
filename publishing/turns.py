"""Turns at the database's one pen.

SQLite has one writer: who finds it busy sleeps up to a tenth of a second before it asks again.
Threads of one process wait here instead and are woken at once. PostgreSQL needs no turns.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock

from django.db import connection, transaction

_turns = RLock()
_everybody = nullcontext()


@contextmanager
def turn() -> Iterator[None]:
    """A transaction in which only we write, where there is one writer; what is read stays out."""
    with _turns if connection.vendor == "sqlite" else _everybody, transaction.atomic():
        yield
