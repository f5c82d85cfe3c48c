"""The one task decorator: a public name, a queue, limits, and a retry for what is temporary."""

import logging
from collections.abc import Callable
from typing import Any

from celery import Task, shared_task
from kombu.exceptions import OperationalError

from quanticity.domain.errors import TemporaryError

RETRIES = 3
logger = logging.getLogger(__name__)


class StageTask(Task):  # type: ignore[misc] # celery has no types
    """Retries what calls itself temporary, after the wait it asks for; lets the rest fail."""

    autoretry_for = (TemporaryError,)
    max_retries = RETRIES
    retry_backoff = True
    retry_jitter = True
    ignore_result = True


def task(
    name: str, *, queue: str, expires: float | None = None, time_limit: float | None = None
) -> Callable[..., Any]:
    """Declare a Celery task by its public name, which never changes with a move.

    `expires` is in real seconds: a reading that is late by a whole period is worthless.
    `time_limit` (s) is for what may honestly take longer than `task_time_limit`.
    """
    declared: Callable[..., Any] = shared_task(
        name=name, queue=queue, expires=expires, time_limit=time_limit, base=StageTask
    )
    return declared


def nudge(task: Any, *args: Any, countdown: float | None = None) -> None:
    """Send a task as a hint: when the broker is away it is lost, and a sweep finds the row."""
    try:
        task.apply_async(args=args, countdown=countdown, retry=False)
    except OperationalError as error:
        logger.warning("hint %s%s was not sent: %s", task.name, args, type(error).__name__)
