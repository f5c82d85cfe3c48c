"""One run of the platform: store first, then everything else, until it is told to stop."""

import asyncio
import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from quanticity.domain.clock import RealClock
from quanticity.domain.errors import ConfigError, NotConnected
from quanticity.runtime import anchor, logs, processes, states
from quanticity.runtime.ports import LOOPBACK
from quanticity.runtime.processes import Plan
from quanticity.runtime.supervisor import Supervisor

KEEP_EVERY_S = 2.0
ASK_EVERY_S = 0.25
STORE_WITHIN_S = 30.0
_OK = 200
_REAL = RealClock()


@dataclass(slots=True)
class View:
    """Where a run shows itself: what it waits for, that it is ready, how it goes, that it ends."""

    waiting: Callable[[str], None]
    ready: Callable[[], None]
    going: Callable[[], None]
    stopping: Callable[[], None]


@dataclass(slots=True)
class Run:
    """The platform from its first process to its last."""

    plan: Plan
    folder: Path
    host: str  # one of ALLOWED_HOSTS, for our own questions to the web process
    keeps_time: bool
    check_store: Callable[[], None]
    view: View
    supervisor: Supervisor = field(init=False)
    is_ready: bool = False

    def __post_init__(self) -> None:
        folder = self.plan.var / "logs"
        folder.mkdir(exist_ok=True)
        self.supervisor = Supervisor(self.folder, _environment(self.plan), folder, self.note)

    async def until_stopped(self) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP, then stop everything in order."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._told_to_stop, stop)
        running = asyncio.create_task(self._run())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            running.cancel()
            stopped.cancel()
            await asyncio.wait({running, stopped})
            await self._stop()
        if not running.cancelled() and (error := running.exception()):
            raise error

    def note(self) -> None:
        """Leave the state of all processes where others look for it."""
        keeper = states.Keeper(
            os.getpid(),
            self.plan.port,
            self.plan.flower_port,
            self.is_ready,
            _REAL.now().timestamp(),
        )
        seen = {child.process.name: child.seen() for child in self.supervisor.children}
        with suppress(OSError):  # a full disk must stop nothing; the next note tries again
            states.write(self.plan.var, keeper, seen)

    def _told_to_stop(self, stop: asyncio.Event) -> None:
        if stop.is_set():
            self.supervisor.hurry()
        stop.set()

    async def _run(self) -> None:
        store = processes.store(self.plan)
        if store is not None:
            await self.supervisor.start(store)
        await self._store_answers()
        for process in processes.table(self.plan):
            await self.supervisor.start(process)
        keeping = asyncio.create_task(self._keep())
        try:
            await self._wait_until_ready()
            # Beside, not before: whatever befalls the living line, the platform goes on.
            showing = asyncio.create_task(self._show())
            try:
                await keeping
            finally:
                showing.cancel()
        finally:
            keeping.cancel()

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            await asyncio.to_thread(self.view.going)

    async def _store_answers(self) -> None:
        deadline = time.monotonic() + STORE_WITHIN_S
        while True:
            try:
                await asyncio.to_thread(self.check_store)
            except NotConnected:
                if time.monotonic() > deadline:
                    raise
                self.view.waiting("the store")
                await asyncio.sleep(ASK_EVERY_S / 5)
            else:
                return

    async def _wait_until_ready(self) -> None:
        while True:
            reasons = await asyncio.to_thread(not_ready, self.plan.port, self.host)
            if not reasons:
                break
            self.view.waiting("; ".join(reasons))
            await asyncio.sleep(ASK_EVERY_S)
        self.is_ready = True
        self.note()
        self.view.ready()

    async def _keep(self) -> None:
        while True:
            self.supervisor.notice_recovery()
            self.supervisor.end_hung()
            self.note()
            with suppress(OSError):
                self._tidy()
            await asyncio.sleep(KEEP_EVERY_S)

    def _tidy(self) -> None:
        if self.keeps_time:
            anchor.note(self.plan.var, ahead_s=anchor.MARGIN_S)
        for child in self.supervisor.children:
            logs.rotate(self.plan.var / "logs" / f"{child.process.name}.log")

    async def _stop(self) -> None:
        self.is_ready = False
        with suppress(OSError):  # the terminal may be gone
            self.view.stopping()
        await self.supervisor.stop()
        self.note()
        if self.keeps_time:
            with suppress(OSError):
                anchor.note(self.plan.var)


def not_ready(port: int, host: str) -> list[str]:
    """Why /readyz is not 200; empty when it is."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return ["web"]
    finally:
        connection.close()
    return [] if answer.status == _OK else _reasons(answer.status, body)


def refuse_evicting(eviction: str) -> None:
    """Refuse a store that throws keys away when full: queues and owed hints would vanish."""
    if eviction != "noeviction":
        raise ConfigError(
            f"Redis maxmemory-policy: expected noeviction, was {eviction}; "
            "run `CONFIG SET maxmemory-policy noeviction` and keep it in its configuration"
        )


def _reasons(status: int, body: bytes) -> list[str]:
    try:
        reasons = json.loads(body).get("reasons")
    except (ValueError, AttributeError):
        reasons = None
    return [str(reason) for reason in reasons] if reasons else [f"/readyz answers {status}"]


def _environment(plan: Plan) -> dict[str, str]:
    return dict(os.environ) | {
        "QC_VAR": str(plan.var),
        "QC_PORT": str(plan.port),
        "QC_FLOWER_PORT": str(plan.flower_port),
        "DJANGO_SETTINGS_MODULE": "quanticity.settings",
        "PYTHONUNBUFFERED": "1",
        # `up` has made all checks; six more times they cost seconds of start and 8 MB each.
        "CELERY_SKIP_CHECKS": "1",
        # Many small threads each keep an arena of their own otherwise: 20-40 MB a process.
        "MALLOC_ARENA_MAX": "2",
        # One calculation is one thread; the queue is where the parallelism is.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
