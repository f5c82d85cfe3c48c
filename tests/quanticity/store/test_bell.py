"""The feed's bell: what is rung is heard by everybody who listens; without a store nobody waits."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from quanticity.store import bell
from quanticity.store.client import StoreDown

pytestmark = pytest.mark.enable_socket


async def two_hear() -> list[int]:
    async def hear(times: int) -> int:
        heard = 0
        async for _ in bell.rings():
            heard += 1
            ready.set()
            if heard == times:
                return heard
        return heard

    ready = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        first = group.create_task(hear(2))
        await ready.wait()
        ready.clear()
        second = group.create_task(hear(2))
        await ready.wait()
        await asyncio.to_thread(bell.ring)
    return [first.result(), second.result()]


@pytest.mark.usefixtures("store")
def test_every_listener_hears_that_it_listens_and_each_ring() -> None:
    assert async_to_sync(two_hear)() == [2, 2]


def test_without_a_store_ringing_is_no_error_and_listening_says_so(settings: Any) -> None:
    async def listen() -> None:
        async for _ in bell.rings():
            pass

    settings.REDIS_URL = "unix:///tmp/qc-nobody-listens.sock"

    bell.ring()
    with pytest.raises(StoreDown):
        async_to_sync(listen)()
