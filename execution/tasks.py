"""Celery's entry to the execution stage."""

import os
import socket
from typing import Any

from celery.signals import task_failure

from execution.services import (
    booking,
    drills,
    managing,
    opening,
    operating,
    results,
    shadows,
    statement_check,
    statement_fetch,
    walking,
    watching,
)
from quanticity import leases
from quanticity.tasking import nudge, task

MANAGER_S = 6.0  # real seconds: three turns and then another stands in


@task("execution.open_position", queue="entries")
def open_position(signal_id: str) -> None:
    """Take one signal through gate and sizing to committed orders, or to a denial."""
    opening.open_position(signal_id)


@task("execution.book_intent", queue="execution")
def book_intent(intent_id: str) -> None:
    """Bring one intent and its position up to what the broker has said."""
    booking.book(intent_id)
    managing.continue_exit(intent_id)
    nudge(watch_breakers)  # on its own, so that nobody hears of the fill later for it


@task("execution.book_owed", queue="execution", expires=5)
def book_owed() -> None:
    """Book every intent whose hint was lost."""
    booking.book_owed()


@task("execution.manage_entries", queue="execution", expires=5)
def manage_entries() -> None:
    """Walk or abandon every working entry; tend those that wait for an operator."""
    operating.tend_approvals()
    if _manages():
        walking.manage_entries()


@task("execution.manage_positions", queue="execution", expires=5)
def manage_positions() -> None:
    """Mark, protect, trail and time every open position."""
    if _manages():
        managing.manage_positions()


def _manages() -> bool:
    # While we are not heard of, the gateway process manages (`management.gateway.steward`).
    holder = f"{socket.gethostname()}:{os.getpid()}"
    return leases.hold(leases.MANAGER, holder, MANAGER_S) is not None


@task("execution.follow_shadows", queue="execution", expires=5)
def follow_shadows() -> None:
    """Follow what was never sent: signals in shadow, and what a gate stopped."""
    shadows.follow()


@task("execution.watch_breakers", queue="execution", expires=5)
def watch_breakers() -> None:
    """Trip, act on and end circuit breakers."""
    watching.watch()


@task("execution.end_session", queue="execution", expires=60)
def end_session() -> None:
    """Write how a closed session came out, once, with the marks of what is held overnight."""
    if results.end_session() is not None:
        drills.remind()


@task("execution.check_statements", queue="reporting", expires=600, time_limit=600)
def check_statements() -> None:
    """Fetch the statement that is owed; compare every new one in `statements/` with our book."""
    statement_fetch.fetch_due()
    statement_check.check_new()


@task_failure.connect  # type: ignore[untyped-decorator] # celery has no types
def count_failure(sender: Any = None, exception: Any = None, **_: Any) -> None:
    """A failed task of this stage is an execution error; ten in five minutes halt trading."""
    name = getattr(sender, "name", "")
    if name.startswith("execution."):
        watching.record_error(name, f"{type(exception).__name__}: {exception}")
