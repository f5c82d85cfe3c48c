"""Celery's hard time limit for pools of threads, which know none: a stuck task ends its worker.

A thread cannot be killed, its process can. The supervisor starts it anew; what the others in it had
begun is found by their sweeps, as after any other death (RELIABILITY B4). Loaded by `--include`.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from celery import signals

from quanticity.celery import Running, app, running
from quanticity.runtime import alive, heap

EXIT_CODE = 75  # "try again", as a supervisor reads it
LOOK_EVERY_S = 1.0
logger = logging.getLogger(__name__)


def overdue(tasks: Mapping[str, Running], default_s: float, now: float) -> Iterator[str]:
    """Say which of `tasks` are past their limit; `now` in seconds of `time.perf_counter`."""
    for task_id, one in list(tasks.items()):
        limit_s = one.task.time_limit or default_s
        if now - one.began > limit_s:
            yield f"{one.task.name} [{task_id}] runs for {now - one.began:.0f} s of {limit_s:g}"


def watch(stop: threading.Event) -> None:
    """End this process, with the reason in its log, once a task is past its limit."""
    while not stop.wait(LOOK_EVERY_S):
        alive.note()
        stuck = list(overdue(running, app.conf.task_time_limit, time.perf_counter()))
        if stuck:
            logger.critical("this worker ends: %s", "; ".join(stuck))
            logging.shutdown()
            os._exit(EXIT_CODE)


@signals.worker_ready.connect  # type: ignore[untyped-decorator] # celery has no types
def begin(**_: Any) -> None:
    """Watch from the moment this worker takes tasks; what it has loaded stays."""
    heap.settle()
    threading.Thread(target=watch, args=(threading.Event(),), name="limits", daemon=True).start()
