"""The relay: keeps the outbox moving inside a worker, without waiting for anybody's hint.

One loop hears of new events, many times a second; another looks at the rows every tenth of one and
at the instant the next one falls due, so that tiers go on being told while Redis is away; a hint
only makes it look at once. Each of our own routes is drained by one thread at a time: a service
that hangs holds up nobody else. Members' own addresses share a few threads of their own.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock, Thread
from typing import Any, TypeAlias

from django.db import connection

from publishing import outbox, recording, routes, services
from publishing.bot import updates
from quanticity.domain import clock

logger = logging.getLogger(__name__)
Rest: TypeAlias = tuple[Event, float]  # what ends it, and after how many real seconds it is over
OWN_THREADS, MEMBERS_THREADS = 20, 6
_STOP_WITHIN_S = 3.0
_LONGEST_REST_S = 1.0
# What is done besides, and every how many real seconds.
_CHORES = (
    (0.25, services.take_over),
    (0.25, updates.answer_owed),
    (2.0, recording.catch_up),
)


class Relay:
    """Runs until stopped; `wake` makes it look at once."""

    def __init__(self) -> None:
        self._own = ThreadPoolExecutor(OWN_THREADS, "route")
        self._members = ThreadPoolExecutor(MEMBERS_THREADS, "endpoint")
        self._busy: set[routes.Key] = set()
        self._again: set[routes.Key] = set()
        self._lock, self._woken, self._stopped = Lock(), Event(), Event()
        loops = (("ears", self._hear), ("relay", self._look))
        self._threads = [
            Thread(target=self._run, args=(turn,), name=name, daemon=True) for name, turn in loops
        ]
        self._chores: dict[Callable[[], object], tuple[float, Future[Any] | None]] = {}

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look at once: something may be due."""
        self._woken.set()

    def stop(self) -> None:
        """Finish what is being sent, and begin nothing else."""
        self._stopped.set()
        self._woken.set()
        for thread in self._threads:
            thread.join(_STOP_WITHIN_S)
        self._own.shutdown(wait=False, cancel_futures=True)
        self._members.shutdown(wait=False, cancel_futures=True)

    def _run(self, turn: Callable[[], Rest]) -> None:
        while not self._stopped.is_set():
            # In a thread of the pool, so that whatever fails is logged and the next turn comes.
            done = self._submit(self._own, turn)
            if done is None or done.exception() is not None:
                self._stopped.wait(outbox.settings().poll_s)
            else:
                until, seconds = done.result()
                until.wait(seconds)

    def _hear(self) -> Rest:
        """Announce what happened; rest until the next time to listen."""
        while services.announce_owed():
            self.wake()
        return self._stopped, outbox.settings().listen_s

    def _look(self) -> Rest:
        """Give every route its work; rest until the next row falls due, or until woken."""
        self._woken.clear()
        now = clock.now()
        if due := outbox.due_routes(now):
            for key in due & routes.usable(now):
                self._poke(key)
        self._tend()
        due_at = outbox.next_due(now)
        poll_s = outbox.settings().poll_s
        if due_at is None:
            return self._woken, poll_s
        soon_s = clock.real_seconds((due_at - clock.now()).total_seconds())
        return self._woken, max(0.0, min(poll_s, soon_s))

    def _tend(self) -> None:
        """Begin the chores whose time has come; one that still runs is left to it."""
        for every_s, chore in _CHORES:
            began_s, running = self._chores.get(chore, (0.0, None))
            is_free = running is None or running.done()
            if is_free and clock.boot_seconds() - began_s > every_s:
                self._chores[chore] = clock.boot_seconds(), self._submit(self._own, chore)

    def _poke(self, key: routes.Key) -> None:
        with self._lock:
            if key in self._busy:
                self._again.add(key)
                return
            self._busy.add(key)
        pool = self._members if key[0].startswith(routes.ENDPOINT) else self._own
        self._submit(pool, lambda: self._drain(key))

    def _drain(self, key: routes.Key) -> None:
        try:
            while not self._stopped.is_set() and (services.deliver_route(key) or self._rests(key)):
                pass
        finally:
            with self._lock:
                self._busy.discard(key)
                wanted = key in self._again
                self._again.discard(key)
            if wanted:
                self._woken.set()

    def _rests(self, key: routes.Key) -> bool:
        """Wait for a service's budget; False when that is not what kept us."""
        wait_s = routes.ready_in_s(key)
        return 0 < wait_s <= _LONGEST_REST_S and not self._stopped.wait(wait_s)

    def _submit(self, pool: ThreadPoolExecutor, work: Callable[[], object]) -> "Future[Any] | None":
        if self._stopped.is_set():
            return None
        future = pool.submit(_on_sound_connection, work)
        future.add_done_callback(_log_failure)
        return future


def _on_sound_connection(work: Callable[[], Any]) -> Any:
    if connection.errors_occurred:
        connection.close()
    return work()


def _log_failure(future: "Future[Any]") -> None:
    if not future.cancelled() and (error := future.exception()):
        logger.error("the relay stumbled: %r", error, exc_info=error)
