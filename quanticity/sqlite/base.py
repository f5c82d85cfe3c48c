"""Django's SQLite, whose writers have the write lock within a millisecond of its being free.

SQLite itself sleeps 1, 2, 5, 10 and soon 100 ms between two looks at the lock, and whoever comes
by in between has it first: behind a writer of 30 ms others came to theirs after 80, some after
500. Here a transaction, which is always one that will write, looks every millisecond. Single
statements outside a transaction wait as SQLite does.
"""

import sqlite3
import time

from django.db.backends.sqlite3 import base

LOOK_S = 0.001


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that begins its transactions by looking often."""

    def _start_transaction_under_autocommit(self) -> None:
        patience_s: float = self.settings_dict["OPTIONS"]["timeout"]
        until_s = time.monotonic() + patience_s
        with self.wrap_database_errors:
            self.connection.execute("PRAGMA busy_timeout=0")
            try:
                while not self._has_begun(is_last=time.monotonic() > until_s):
                    time.sleep(LOOK_S)
            finally:
                self.connection.execute(f"PRAGMA busy_timeout={int(patience_s * 1000)}")

    def _has_begun(self, *, is_last: bool) -> bool:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True
