"""Celery's entry to the execution stage."""

from execution.services import booking, managing, opening, shadows
from quanticity.tasking import task


@task("execution.open_position", queue="execution")
def open_position(signal_id: str) -> None:
    """Take one signal through gate and sizing to committed orders, or to a denial."""
    opening.open_position(signal_id)


@task("execution.book_intent", queue="execution")
def book_intent(intent_id: str) -> None:
    """Bring one intent and its position up to what the broker has said."""
    booking.book(intent_id)
    managing.continue_exit(intent_id)


@task("execution.book_owed", queue="execution", expires=5)
def book_owed() -> None:
    """Book every intent whose hint was lost."""
    booking.book_owed()


@task("execution.manage_entries", queue="execution", expires=5)
def manage_entries() -> None:
    """Walk or abandon every working entry."""
    managing.manage_entries()


@task("execution.manage_positions", queue="execution", expires=5)
def manage_positions() -> None:
    """Mark, protect, trail and time every open position."""
    managing.manage_positions()


@task("execution.follow_shadows", queue="execution", expires=5)
def follow_shadows() -> None:
    """Follow what was never sent: signals in shadow, and what a gate stopped."""
    shadows.follow()
