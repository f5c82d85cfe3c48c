"""A halt that came without the database: by file or signal. Entries stop at once, rows follow."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.db import DatabaseError

from execution.services import halting
from quanticity import halt_file
from quanticity.domain import clock
from quanticity.domain.errors import QuantiCityError
from quanticity.gateway.ports import Trading
from quanticity.halt_file import Halt

logger = logging.getLogger(__name__)
ROWS_WITHIN_S = 0.5  # then entries are called back from memory
AGAIN_S = 5.0


class HaltByHand:
    """The halt file and the flag of this process, OR-ed; the rows are the third source."""

    def __init__(self, on_sql: Callable[..., Awaitable[Any]]) -> None:
        self._on_sql = on_sql
        self._flag: Halt | None = None
        self._followed: Halt | None = None
        self._following: asyncio.Future[Any] | None = None
        self._cancelled_s: dict[str, float] = {}

    def by_signal(self) -> None:
        """Halt now; the file keeps it over a restart."""
        self._flag = Halt("signal", "SIGUSR1 to the gateway process")
        logger.critical("halted by SIGUSR1")
        try:
            halt_file.write(self._flag.actor, self._flag.reason)
        except OSError as error:
            logger.critical("the halt file cannot be written: %s", error)

    def standing(self) -> Halt | None:
        """The halt that stands."""
        return self._flag or halt_file.standing()

    async def follow(self, trading: Trading, entries: Mapping[str, int]) -> None:
        """Bring rows after it; while they cannot be written, call entries back by what is known."""
        halt = self.standing()
        if halt is None or halt == self._followed:
            self._followed = halt
            return
        if self._following is None:
            self._following = asyncio.ensure_future(self._on_sql(halting.follow, halt))
        done, _ = await asyncio.wait({self._following}, timeout=ROWS_WITHIN_S)
        if not done:
            await self._call_back(trading, entries)
            return
        written, self._following = self._following, None
        try:
            written.result()
        except DatabaseError as error:
            logger.warning("a halt is not in the database yet: %s", type(error).__name__)
            await self._call_back(trading, entries)
            await asyncio.sleep(ROWS_WITHIN_S)
            return
        self._flag, self._followed = None, halt  # the row has taken over, and the file

    async def _call_back(self, trading: Trading, entries: Mapping[str, int]) -> None:
        now_s = clock.boot_seconds()
        for ref, order_id in list(entries.items()):
            if now_s - self._cancelled_s.get(ref, 0.0) < AGAIN_S:
                continue
            self._cancelled_s[ref] = now_s
            try:
                await trading.cancel(order_id)
            except QuantiCityError as error:
                logger.warning("%s: %s", ref, error)
