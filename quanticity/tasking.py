"""The one task decorator: a public name, a queue, limits, and a retry for what is temporary."""

from collections.abc import Callable
from typing import Any

from celery import Task, shared_task

from quanticity.domain.errors import TemporaryError

RETRIES = 3


class StageTask(Task):  # type: ignore[misc] # celery has no types
    """Retries what calls itself temporary, after the wait it asks for; lets the rest fail."""

    autoretry_for = (TemporaryError,)
    max_retries = RETRIES
    retry_backoff = True
    retry_jitter = True
    ignore_result = True


def task(name: str, *, queue: str, expires: float | None = None) -> Callable[..., Any]:
    """Declare a Celery task by its public name, which never changes with a move.

    `expires` is in real seconds: a reading that is late by a whole period is worthless.
    """
    return shared_task(name=name, queue=queue, expires=expires, base=StageTask)
