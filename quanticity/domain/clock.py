"""The one clock: real, scaled (a simulated day at a speed), or replayed (set by hand).

Everything asks `clock.now()`; nothing else in the platform reads the time of day. A process
installs its clock once at start; on one machine all processes share the anchor file that
`manage.py up` writes, so they agree to the microsecond. Instants are aware UTC; New York time
appears only here and in templates.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_RECHECK_S = 1.0


class Clock(Protocol):
    """Tells the platform's time, and how fast it runs."""

    @property
    def speed(self) -> float:
        """Platform seconds per real second."""
        ...

    def now(self) -> datetime:
        """The instant, aware UTC."""
        ...


def boot_seconds() -> float:
    """Seconds since this machine started: shared by all processes, deaf to wall-clock jumps."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


@cache
def boot_id() -> str:
    """The name of this start of this machine, by which `boot_seconds` are counted."""
    file = Path("/proc/sys/kernel/random/boot_id")
    return file.read_text().strip() if file.exists() else platform.node()


class RealClock:
    """The machine's own clock."""

    speed = 1.0

    def now(self) -> datetime:
        """Read the machine's clock."""
        return datetime.now(UTC)


@dataclass(slots=True)
class ReplayedClock:
    """Stands still until somebody sets it: replays, backfills, tests."""

    at: datetime
    speed: float = 1.0

    def now(self) -> datetime:
        """Return the instant it was last set to."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Move forward by so many platform seconds."""
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Platform time `platform_at` was at machine second `boot_s`; it runs at `speed` since."""

    platform_at: datetime
    boot_s: float
    speed: float

    def at(self, boot_s: float) -> datetime:
        """Platform time at a machine second."""
        return self.platform_at + timedelta(seconds=(boot_s - self.boot_s) * self.speed)

    def write(self, path: Path) -> None:
        """Replace the anchor file atomically."""
        content = {
            "platform_at": self.platform_at.isoformat(),
            "boot_s": self.boot_s,
            "speed": self.speed,
        }
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(content))
        scratch.replace(path)

    @staticmethod
    def read(path: Path) -> "Anchor":
        """Read an anchor file."""
        content = json.loads(path.read_text())
        return Anchor(
            datetime.fromisoformat(content["platform_at"]), content["boot_s"], content["speed"]
        )


class ScaledClock:
    """Follows an anchor file, also when the gateway process corrects it while we run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._anchor = Anchor.read(path)
        self._stamp = path.stat().st_mtime_ns
        self._checked_s = boot_seconds()

    @property
    def speed(self) -> float:
        """Platform seconds per real second."""
        return self._anchor.speed

    def now(self) -> datetime:
        """Platform time by the anchor in force."""
        boot_s = boot_seconds()
        if boot_s - self._checked_s > _RECHECK_S:
            self._checked_s = boot_s
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._anchor, self._stamp = Anchor.read(self._path), stamp
        return self._anchor.at(boot_s)


_installed: Clock = RealClock()


def install(clock: Clock) -> None:
    """Make this the process's clock."""
    global _installed  # noqa: PLW0603 - the one piece of process-wide state, set at start
    _installed = clock


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Run a block by another clock (replays and tests)."""
    before = _installed
    install(clock)
    try:
        yield
    finally:
        install(before)


def now() -> datetime:
    """The platform's time, aware UTC."""
    return _installed.now()


def speed() -> float:
    """Platform seconds per real second."""
    return _installed.speed


def real_seconds(platform_seconds: float) -> float:
    """How long to wait, in real seconds, for so many platform seconds; never negative."""
    return max(platform_seconds, 0.0) / _installed.speed


def eastern(at: datetime) -> datetime:
    """The same instant on New York's wall clock."""
    return at.astimezone(NEW_YORK)


def display(at: datetime) -> str:
    """Write an instant for people: `Nov 21, 2025 10:04:05 AM EST`."""
    local = eastern(at)
    return f"{local:%b} {local.day}, {local:%Y} {local.hour % 12 or 12}:{local:%M:%S %p %Z}"


def brief(at: datetime, now: datetime) -> str:
    """An instant in short, with its day when that is not today's: `Nov 20, 14:31:05 ET`."""
    local = eastern(at)
    today = local.date() == eastern(now).date()
    return f"{local:%H:%M:%S} ET" if today else f"{local:%b} {local.day}, {local:%H:%M:%S} ET"
