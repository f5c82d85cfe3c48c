"""The feed's bell: rung when something was released, heard by whoever pushes to sockets.

It says nothing but "look": what a tier may see is asked of the rows, and who hears no bell looks
by the clock.
"""

import logging
from collections.abc import AsyncIterator

from quanticity.store import client
from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
CHANNEL = "bell:feed"


def ring() -> None:
    """Say that there is something new; a store that does not answer is not waited for."""
    try:
        client.quickly(lambda store: store.publish(CHANNEL, b"1"))
    except StoreDown as error:
        # Every release would say so; that the store is away is told elsewhere.
        logger.debug("the feed's sockets were not told: %s", type(error).__name__)


async def rings() -> AsyncIterator[None]:
    """One item when it can be heard, and one for each time it is rung; StoreDown when it ends."""
    async with client.listener() as store, store.pubsub() as ears:
        await ears.subscribe(CHANNEL)
        async for _ in ears.listen():
            yield
