"""The steward: what the execution worker does for open positions, done here while it does not.

Who manages is said by a lease. The worker renews it with each of its turns; this process takes it
for one turn at a time, so that the worker has it back with its first.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from execution.services import booking, managing, walking
from quanticity import leases
from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
_TURN_S = 10.0


class Steward:
    """Takes turns nobody takes."""

    def __init__(self, on_sql: Callable[..., Awaitable[Any]], holder: str) -> None:
        self._on_sql, self._holder = on_sql, holder
        self._is_acting = False

    async def turn(self) -> bool:
        """Manage once if the worker has not; say whether."""
        acts = bool(await self._on_sql(self._manage))
        if acts != self._is_acting:
            self._is_acting = acts
            logger.warning("positions are managed by %s", "this process" if acts else "the worker")
        return acts

    def _manage(self) -> bool:
        lease = leases.hold(leases.MANAGER, self._holder, _TURN_S)
        if lease is None:
            return False
        try:
            booking.book_owed()
            walking.manage_entries()
            managing.manage_positions()
        except StoreDown as error:  # what needs it waits
            logger.warning("the store is away: %s", type(error).__name__)
        finally:
            leases.release(lease)
        return True
