"""How long to wait before the next attempt to connect."""

import asyncio
from contextlib import suppress
from random import SystemRandom

from quanticity.gateway.ibkr.settings import Settings


async def pause(host: str, port: int, attempt: int, settings: Settings, *, knocks: bool) -> None:
    """Wait min(2^attempt, limit) s with jitter; with `knocks` no longer than the port refuses."""
    delay_s = min(2.0**attempt, settings.backoff_max_s)
    delay_s *= 1 + SystemRandom().uniform(0, settings.backoff_jitter)
    loop = asyncio.get_running_loop()
    until = loop.time() + delay_s
    while (left_s := until - loop.time()) > 0:
        await asyncio.sleep(min(left_s, settings.knock_s) if knocks else left_s)
        if knocks and await _is_open(host, port, settings.connect_s):
            return


async def _is_open(host: str, port: int, deadline_s: float) -> bool:
    try:
        async with asyncio.timeout(deadline_s):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
