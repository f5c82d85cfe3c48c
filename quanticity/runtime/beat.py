"""Beat's scheduler: the admin's timetable, by the platform's clock, held by one lease.

Cadences are platform seconds, so a simulated day at twelve times the speed beats twelve times as
often. A second beat process finds the lease taken and fires nothing.
"""

import logging
import os
import socket
from datetime import timedelta
from typing import Any

from celery import schedules
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from quanticity.domain import clock
from quanticity.leases import Lease, hold, release
from quanticity.runtime import alive
from quanticity.runtime.slots import Slots
from quanticity.store import health
from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
SHORTEST = timedelta(milliseconds=250)  # real time; faster than this only heats the machine
LEASE_S = 15
RENEW_S = 2.0
LOOK_S = 2.0  # how soon an edit of the timetable is followed
IDLE_S = 2.0


class ScaledEntry(ModelEntry):  # type: ignore[misc] # untyped library
    """A row of the timetable whose interval is platform time, and whose message expires."""

    schedule: Any  # the library's descriptor

    def __init__(self, model: Any, app: Any = None) -> None:
        super().__init__(model, app)
        if isinstance(self.schedule, schedules.schedule) and not isinstance(
            self.schedule, schedules.crontab
        ):
            every = max(self.schedule.run_every / clock.speed(), SHORTEST)
            self.schedule = Slots(every, self.name, app=self.app)
            self.options["expires"] = max(every.total_seconds(), 1.0)


class Scheduler(DatabaseScheduler):  # type: ignore[misc] # untyped library
    """Fires only while it holds the lease `beat`."""

    Entry = ScaledEntry
    _heap_invalidated: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lease: Lease | None = None
        self._renewed_s = self._looked_s = float("-inf")
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run what is due, if the lease is ours; say how long to sleep."""
        if clock.boot_seconds() - self._renewed_s > RENEW_S:
            alive.note()
            self._renew()
        if self._lease is None:
            return IDLE_S
        return float(super().tick(*args, **kwargs))

    def schedule_changed(self) -> bool:
        """Whether the timetable was edited; the library asks SQL, newly connected, each tick."""
        now_s = clock.boot_seconds()
        if now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        return bool(super().schedule_changed())

    def schedules_equal(self, *_args: Any, **_kwargs: Any) -> bool:
        """Whether the queue of what comes next still holds: until the timetable was read anew.

        The library goes on to compare every entry with itself, at every tick.
        """
        is_old, self._heap_invalidated = self._heap_invalidated, False
        return not is_old

    def _renew(self) -> None:
        # Not at every tick: with a full timetable that is a write to SQL ten times a second.
        self._renewed_s = clock.boot_seconds()
        self._lease = hold("beat", self._holder, LEASE_S)
        if self._lease is None:
            logger.warning("another beat holds the lease; waiting")
            return
        try:
            health.beat("beat")
        except StoreDown as error:
            logger.warning("no store to tell of this beat: %s", type(error).__name__)

    def close(self) -> None:
        """Give the lease back, so that the next beat need not wait for it to run out."""
        super().close()
        if self._lease is not None:
            release(self._lease)
