"""A Celery app with the platform's own limits, and one kind of owed row, for the broker drills."""

import os
import sqlite3
import time
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
app = Celery("outbox")
app.config_from_object("celeryconfig")
app.conf.beat_schedule = {}


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(Path(os.environ["QC_VAR"]) / "outbox.sqlite3", timeout=20)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS owed (id INTEGER PRIMARY KEY, due REAL, sent INTEGER DEFAULT 0)"
    )
    return connection


@app.task(name="publishing.deliver", queue="publishing", ignore_result=True)
def deliver(row: int) -> None:
    with database() as connection:
        connection.execute(
            "UPDATE owed SET sent = sent + 1 WHERE id = ? AND sent = 0 AND due <= ?",
            (row, time.time()),
        )


def sweep() -> int:
    """Nudge every row that is due and unsent; say how many there were."""
    rows = (
        database()
        .execute("SELECT id FROM owed WHERE sent = 0 AND due <= ?", (time.time(),))
        .fetchall()
    )
    for (row,) in rows:
        deliver.apply_async((row,), retry=False)
    return len(rows)
