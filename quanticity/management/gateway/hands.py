"""The threads of the gateway process, one for each kind of waiting; a heartbeat waits for none."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
T = TypeVar("T")
_PAUSE_S = 0.5  # real seconds after the store did not answer


class Hands:
    """One thread for each kind of work that waits for something outside."""

    def __init__(self) -> None:
        self.sql = ThreadPoolExecutor(1, "sql")
        self.store = ThreadPoolExecutor(1, "store")
        self.wake = ThreadPoolExecutor(1, "wake")
        self.disk = ThreadPoolExecutor(1, "disk")
        self.is_store_down = False
        self.on_store_back: Callable[[], None] = lambda: None

    async def on(self, pool: ThreadPoolExecutor, work: Callable[..., T], *args: Any) -> T:
        """Do something on a thread."""
        return await asyncio.get_running_loop().run_in_executor(pool, work, *args)

    async def try_store(
        self, pool: ThreadPoolExecutor, work: Callable[..., T], *args: Any
    ) -> T | None:
        """Do something in the store, or None: orders go on while it is away."""
        try:
            found = await self.on(pool, work, *args)
        except StoreDown as error:
            if not self.is_store_down:
                logger.warning("the store is away: %s", type(error).__name__)
            self.is_store_down = True
            await asyncio.sleep(_PAUSE_S)
            return None
        if self.is_store_down:
            self.is_store_down = False
            self.on_store_back()
        return found

    def shutdown(self) -> None:
        """Let every thread end."""
        for pool in (self.sql, self.store, self.wake, self.disk):
            pool.shutdown()
