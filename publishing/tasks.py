"""Celery's entry to publishing: hints only, the rows decide."""

from typing import Any

from celery import signals

from publishing import engagement, recording, services
from publishing.relay import Relay
from publishing.subscriptions import letters
from quanticity.tasking import task

QUEUE = "publishing"
_relays: list[Relay] = []  # the one of this worker, where this is the worker that publishes


@task("publishing.announce", queue=QUEUE)
def announce() -> list[int]:
    """Make announcements of the events that execution has recorded."""
    return [owed.delivery_id for owed in services.announce_owed()]


@task("publishing.deliver", queue=QUEUE)
def deliver(delivery_id: int) -> None:
    """Send one delivery if it is due and nobody else has it."""
    services.deliver(delivery_id)


@task("publishing.deliver_due", queue=QUEUE)
def deliver_due() -> None:
    """Send everything that is due: wake the relay, or do it here where there is none."""
    for relay in _relays:
        relay.wake()
    if not _relays:
        services.deliver_due()


@task("publishing.record_receipts", queue=QUEUE, expires=5)
def record_receipts() -> None:
    """Append to the ledger what it has not recorded yet."""
    recording.catch_up()


@task("publishing.send_letters", queue=QUEUE, expires=15)
def send_letters() -> None:
    """Send the mail about accounts that is owed."""
    letters.send_owed()


@task("publishing.fetch_engagement", queue=QUEUE, expires=300)
def fetch_engagement() -> None:
    """Read back what readers did with our posts."""
    engagement.fetch_owed()


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator] # celery has no types
def start_relay(instance: Any, **_: Any) -> None:
    """Move the outbox in the worker that serves our queue, whether or not the broker answers."""
    if QUEUE in instance.app.amqp.queues.consume_from:
        _relays.append(Relay())
        _relays[-1].start()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator] # celery has no types
def stop_relay(**_: Any) -> None:
    """Begin nothing new; what is being sent is finished."""
    while _relays:
        _relays.pop().stop()
