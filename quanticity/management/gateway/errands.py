"""Errands: what waits for the broker's answer, beside one another; a failure of ours is kept."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Errands:
    """Pieces of work under way, by name; one of a name at a time."""

    def __init__(self) -> None:
        self._tasks: dict[object, asyncio.Task[None]] = {}
        self._failed: BaseException | None = None

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    def start(self, name: object, work: Coroutine[Any, Any, None]) -> None:
        """Begin an errand of a name that is free."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._end(name, done))

    def check(self) -> None:
        """Raise what an errand has failed with."""
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    async def settle(self) -> None:
        """Wait until none is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())
            await asyncio.sleep(0)  # their ends are noted
        self.check()

    def _end(self, name: object, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if not task.cancelled():
            self._failed = task.exception() or self._failed
