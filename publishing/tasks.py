"""Celery's entry to publishing: hints only, the rows decide."""

from publishing import services
from quanticity.tasking import task


@task("publishing.announce", queue="publishing")
def announce() -> list[int]:
    """Make announcements of the events that execution has recorded."""
    return [owed.delivery_id for owed in services.announce_owed()]


@task("publishing.deliver", queue="publishing")
def deliver(delivery_id: int) -> None:
    """Send one delivery if it is due and nobody else has it."""
    services.deliver(delivery_id)
