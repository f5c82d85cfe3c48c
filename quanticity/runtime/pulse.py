"""A worker's sign of life: written whenever Celery's own heart beats, named after its queue.

Loaded by `celery worker --include`; a worker that has lost its broker stops beating.
"""

from typing import Any

from celery import signals

from quanticity.runtime.processes import worker_name
from quanticity.store import health
from quanticity.store.client import StoreDown


@signals.heartbeat_sent.connect  # type: ignore[untyped-decorator] # celery has no types
def note_life(sender: Any, **_: Any) -> None:
    """Say that this worker is alive; without a store there is nobody to tell."""
    try:
        queue, _, _host = sender.eventer.hostname.partition("@")
        health.beat(worker_name(queue))
    except StoreDown:
        return
