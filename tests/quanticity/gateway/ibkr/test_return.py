"""After every way to lose the market, each stream ticks again within five seconds of its return.

`pytest -s` prints the seconds: how long nothing was heard after the gateway was back.
"""

import asyncio
import logging
from typing import Any

import pytest

from quanticity.gateway.ports import ConnectionState as State

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]
SYMBOLS = ("SPY", "QQQ", "IWM")
CONTRACTS_N = 20
PROMISE_S = 5.0
# How it is lost, and for how many seconds the market is away.
LOSSES: dict[str, tuple[str, float, dict[str, Any]]] = {
    "connection dropped": ("drop", 0.0, {}),
    "socket stalls": ("stall", 3.0, {}),
    "gateway restarts": ("refuse_for", 3.0, {}),
    "1100, 1101: data lost": ("outage", 3.0, {"code": 1101}),
    "1100, 1102: data kept": ("outage", 3.0, {"code": 1102}),
    "data farm silent": ("mute", 3.0, {}),
}


def ticking(world: Any) -> bool:
    """Whether every symbol was quoted and many contracts were."""
    heard = {quote.instrument for quote in world.notes.all("quote")}
    contracts = {quote.contract for quote in world.notes.all("contract_quote")}
    return heard >= set(SYMBOLS) and len(contracts) >= CONTRACTS_N


@pytest.mark.parametrize("name", LOSSES)
def test_every_stream_ticks_again_soon_after_the_return(play, name: str) -> None:
    action, away_s, how = LOSSES[name]

    async def scenario(world) -> None:
        loop = asyncio.get_running_loop()
        await world.gateway.feed.watch(SYMBOLS, [])
        await world.contract()
        await world.until(lambda: ticking(world))
        world.breaks(action, **how, **({"for_s": away_s} if away_s else {}))
        back_s = loop.time() + away_s
        await world.until(lambda: loop.time() >= back_s)
        world.notes.forget()
        await world.until(lambda: ticking(world) and world.state is State.CONNECTED)
        blind_s = loop.time() - back_s

        print(f"{name:24} blind for {blind_s:5.2f} s after the return")  # noqa: T201 - the table
        assert blind_s < PROMISE_S

    play(scenario, probe_every_s=0.5, probe_s=0.5, connect_s=1.0)


@pytest.mark.parametrize(
    ("restart_at", "state", "alarms"),
    [
        # The exchange's morning is 10:00 in New York.
        pytest.param("10:00", State.RESTART_WINDOW, False, id="in its window"),
        pytest.param("23:45", State.DISCONNECTED, True, id="at any other time"),
    ],
)
def test_a_restart_is_an_alarm_only_outside_its_window(
    play, caplog: pytest.LogCaptureFixture, restart_at: str, state: State, *, alarms: bool
) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch(["SPY"], [])
        await world.until(lambda: world.notes.all("quote"))
        world.breaks("refuse_for", for_s=2)
        await world.until(lambda: world.state is not State.CONNECTED)
        world.notes.forget()
        await world.until(lambda: world.notes.all("quote") and world.state is State.CONNECTED)

        assert world.notes.all("connection")[0].state is state

    play(scenario, restart_at=restart_at, restart_window_s=900.0, backoff_max_s=0.1)
    ours = [r for r in caplog.records if r.name == "quanticity.gateway.ibkr.connection"]
    assert any(record.levelno == logging.ERROR for record in ours) is alarms
