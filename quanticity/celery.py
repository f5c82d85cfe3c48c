"""The Celery app: loads celeryconfig.py, finds tasks, and says in every log line whose it is."""

import logging
import os
import time
from dataclasses import dataclass
from typing import Any

from celery import Celery, signals

app = Celery("quanticity", set_as_current=True)
app.config_from_object("celeryconfig")
# Beat and Flower only name tasks; importing them would cost each the weight of the arithmetic.
if os.environ.get("QC_TASKS", "on") == "on":
    app.autodiscover_tasks(["analytics", "execution", "publishing", "reporting"])
    app.autodiscover_tasks(["quanticity"], related_name="workflows")

logger = logging.getLogger("quanticity.tasks")


@dataclass(frozen=True, slots=True)
class Running:
    """A task that this process runs now; `began` in seconds of `time.perf_counter`."""

    task: Any
    began: float


running: dict[str, Running] = {}


@signals.setup_logging.connect  # type: ignore[untyped-decorator] # celery has no types
def keep_django_logging(**_: Any) -> None:
    """Let Django's LOGGING stand; Celery would replace it."""


@signals.task_prerun.connect  # type: ignore[untyped-decorator] # celery has no types
def note_start(task_id: str, task: Any, **_: Any) -> None:
    """Remember when a task began."""
    running[task_id] = Running(task, time.perf_counter())


@signals.task_postrun.connect  # type: ignore[untyped-decorator] # celery has no types
def log_end(task_id: str, task: Any, args: Any, state: str, **_: Any) -> None:
    """Log name, arguments, outcome and duration: the only line a healthy task writes."""
    one = running.pop(task_id, None)
    took_ms = 0.0 if one is None else (time.perf_counter() - one.began) * 1_000
    level = logging.DEBUG if state == "SUCCESS" else logging.WARNING
    logger.log(level, "%s%s %s in %.1f ms [%s]", task.name, args, state, took_ms, task_id)
