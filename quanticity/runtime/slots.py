"""Slots: instants that are a cadence apart, each entry's shifted by its own phase (DOMAIN 3.21).

Thirteen symbols that are all due at the same instant would come as thirteen tasks at once. A late
beat runs an entry once, in the slot that is running, and does not catch up on the others.
"""

import math
import zlib
from datetime import datetime, timedelta
from typing import Any

from celery import schedules


class Slots(schedules.schedule):  # type: ignore[misc] # untyped library
    """Due once in each slot; slots begin at multiples of the cadence plus the phase."""

    def __init__(self, every: timedelta, name: str, app: Any = None) -> None:
        super().__init__(every, app=app)
        self.every_s = every.total_seconds()
        self.phase_s = phase(name) * self.every_s

    def is_due(self, last_run_at: datetime) -> schedules.schedstate:
        """Whether this slot has not been served, and the seconds to the next."""
        at_s = self.now().timestamp() - self.phase_s
        slot = math.floor(at_s / self.every_s)
        served = math.floor((last_run_at.timestamp() - self.phase_s) / self.every_s)
        return schedules.schedstate(slot > served, (slot + 1) * self.every_s - at_s)


def phase(name: str) -> float:
    """Where in its period an entry is due, in [0, 1), the same in every process."""
    return zlib.crc32(name.encode()) / 2**32
