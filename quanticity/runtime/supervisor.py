"""Keeps the processes of one instance alive, and stops them in order.

Our own rather than the `supervisor` package: that one is a second resident process, and it stops
programs one after another, which eleven of them do not survive within ten seconds.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from quanticity.runtime import alive
from quanticity.runtime.processes import STOP_WITHIN_S, Process
from quanticity.runtime.states import Seen, State

logger = logging.getLogger(__name__)
STEADY_S = 10.0  # one that lived so long has started well
FATAL_AFTER = 3  # deaths in a row before that
_SAME_BIRTH_S = 2.0  # the machine's clock may be set meanwhile
HUNG_S = 30.0  # real seconds without a sign of life
_ASLEEP_S = 5.0  # between two looks: nobody's silence counts
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(slots=True)
class Child:
    """One process under our care."""

    process: Process
    state: State = State.STOPPED
    running: asyncio.subprocess.Process | None = None
    born: float | None = None
    started_s: float = 0.0
    restarts: int = 0
    exit_code: int | None = None
    deaths_in_a_row: int = 0
    keeper: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """Its pid while it runs."""
        return self.running.pid if self.running and self.running.returncode is None else None

    def seen(self) -> Seen:
        """The child as a line of the snapshot."""
        return Seen(
            self.process.phase, self.state, self.pid, self.born,
            self.restarts, self.exit_code,
        )  # fmt: skip


class Supervisor:
    """Starts, restarts and stops children; calls `on_change` whenever one changes state."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        logs: Path,
        on_change: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._logs = logs
        self._on_change = on_change
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._looked_s = self._watching_since_s = time.monotonic()
        self.children: list[Child] = []

    async def start(self, process: Process) -> Child:
        """Start a process and keep it alive from now on."""
        child = Child(process)
        self.children.append(child)
        await self._spawn(child)
        child.keeper = asyncio.create_task(self._keep(child), name=process.name)
        return child

    async def stop(self) -> None:
        """Stop everything, phase by phase; what does not go in time is killed."""
        self._stopping.set()
        for phase in sorted({child.process.phase for child in self.children}):
            group = [child for child in self.children if child.process.phase == phase]
            await asyncio.gather(*(self._stop(child) for child in group))
        await asyncio.gather(*(child.keeper for child in self.children if child.keeper))

    def hurry(self) -> None:
        """Wait for nobody any longer (a second Ctrl-C)."""
        self._hurry.set()

    async def _keep(self, child: Child) -> None:
        while True:
            if child.running is not None:
                child.exit_code = await child.running.wait()
            if not self._stopping.is_set():
                await self._wait_before_restart(child)
            if self._stopping.is_set():
                break
            child.restarts += 1
            await self._spawn(child)
            if self._stopping.is_set():  # told to stop while it was being born
                _kill(child.pid)
        child.state = State.STOPPED
        self._on_change()

    async def _wait_before_restart(self, child: Child) -> None:
        lived_s = time.monotonic() - child.started_s
        child.deaths_in_a_row = 1 if lived_s >= STEADY_S else child.deaths_in_a_row + 1
        fatal = child.deaths_in_a_row >= FATAL_AFTER
        child.state = State.FATAL if fatal else State.RESTARTING
        self._on_change()
        pause_s = BACKOFF_S[min(child.deaths_in_a_row, len(BACKOFF_S)) - 1]
        await _within(self._stopping.wait(), pause_s)

    async def _spawn(self, child: Child) -> None:
        process = child.process
        child.started_s = time.monotonic()
        try:
            child.running = await self._execute(process)
        except OSError:  # no memory, no file descriptor: as if it had died at once
            child.running = None
            return
        child.born = born(child.running.pid)
        # One that keeps dying is well again only after it has lived for a while.
        if child.deaths_in_a_row < FATAL_AFTER:
            child.state = State.RUNNING
        self._on_change()

    async def _execute(self, process: Process) -> asyncio.subprocess.Process:
        # Appending, so that rotation may empty the file under it.
        with (self._logs / f"{process.name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *process.command,
                cwd=self._folder,
                env=self._environment
                | dict(process.environment)
                | {alive.FILE: str(self._sign_of(process.name))},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to pass on, in order
            )

    def notice_recovery(self) -> None:
        """Call those well that failed before and have lived long enough since."""
        for child in self.children:
            lived_s = time.monotonic() - child.started_s
            if child.state is State.FATAL and child.pid is not None and lived_s >= STEADY_S:
                child.state, child.deaths_in_a_row = State.RUNNING, 0
                self._on_change()

    def end_hung(self) -> list[str]:
        """Kill those that were heard of since their start and have been silent; the names.

        Whoever was stopped himself, as by a machine that slept, begins to count anew.
        """
        now_s = time.monotonic()
        if now_s - self._looked_s > _ASLEEP_S:
            self._watching_since_s = now_s
        self._looked_s = now_s
        hung = [child for child in self.children if self._is_hung(child, now_s)]
        for child in hung:
            logger.error("%s is killed: silent for %g s", child.process.name, HUNG_S)
            _kill(child.pid)
        return [child.process.name for child in hung]

    def _is_hung(self, child: Child, now_s: float) -> bool:
        seen_s = alive.seen_s(self._sign_of(child.process.name))
        if child.pid is None or seen_s is None or seen_s < child.started_s:
            return False
        return now_s - max(seen_s, self._watching_since_s) > HUNG_S

    def _sign_of(self, name: str) -> Path:
        return self._logs / f"{name}.alive"

    async def _stop(self, child: Child) -> None:
        if child.running is None or child.pid is None:
            return
        _terminate(child.pid)
        gone = asyncio.create_task(child.running.wait())
        hurried = asyncio.create_task(self._hurry.wait())
        await asyncio.wait(
            {gone, hurried},
            timeout=STOP_WITHIN_S[child.process.phase],
            return_when=asyncio.FIRST_COMPLETED,
        )
        hurried.cancel()
        if not gone.done():
            _kill(child.pid)
        await gone


def born(pid: int) -> float | None:
    """When a process began, None when it is gone; tells a pid from its reuse."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def is_alive(seen: Seen) -> bool:
    """Say whether this very process still runs."""
    if seen.pid is None or seen.born is None:
        return False
    try:
        process = psutil.Process(seen.pid)
        same = abs(process.create_time() - seen.born) < _SAME_BIRTH_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop_leftovers(processes: Mapping[str, Seen]) -> list[str]:
    """Stop what a killed supervisor left running, in order; return the names."""
    stopped: list[str] = []
    for phase in sorted({seen.phase for seen in processes.values()}):
        left = {n: seen for n, seen in processes.items() if seen.phase == phase and is_alive(seen)}
        for seen in left.values():
            _terminate(seen.pid)
        deadline = time.monotonic() + STOP_WITHIN_S[phase]
        while any(map(is_alive, left.values())) and time.monotonic() < deadline:
            time.sleep(0.05)
        for seen in filter(is_alive, left.values()):
            _kill(seen.pid)
        stopped += left
    return stopped


def _terminate(pid: int | None) -> None:
    with suppress(ProcessLookupError):
        if pid is not None:
            os.kill(pid, signal.SIGTERM)


def _kill(pid: int | None) -> None:
    # Each child leads a group of its own; what it started goes with it.
    with suppress(ProcessLookupError):
        if pid is not None:
            os.killpg(pid, signal.SIGKILL)


async def _within(waiting: Awaitable[object], seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting
