"""The platform's own Celery app with two tasks more: one that never ends, one that always does."""

import os
import threading

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
django.setup()

from quanticity.celery import app  # noqa: E402, F401
from quanticity.tasking import task  # noqa: E402


@task("reporting.hang", queue="reporting", time_limit=1)
def hang() -> None:
    threading.Event().wait()


@task("reporting.end", queue="reporting")
def end() -> None:
    return
