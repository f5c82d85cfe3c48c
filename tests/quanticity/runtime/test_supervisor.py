import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from quanticity.runtime import alive, supervisor
from quanticity.runtime.processes import GATEWAY, STORE, WORK, Process
from quanticity.runtime.states import State
from quanticity.runtime.supervisor import Child, Supervisor

pytestmark = pytest.mark.enable_socket  # asyncio's own socket pair

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
IGNORES = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"
DIES = "raise SystemExit(3)"


def python(name: str, code: str, phase: int = WORK) -> Process:
    return Process(name, (sys.executable, "-c", code), phase)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a scenario against a supervisor with short pauses; nothing outlives it."""
    monkeypatch.setattr(supervisor, "BACKOFF_S", (0.01,))

    def runner(scenario: Callable[[Supervisor], Awaitable[None]]) -> Supervisor:
        async def whole() -> Supervisor:
            own = Supervisor(tmp_path, os.environ, tmp_path, lambda: None)
            try:
                await scenario(own)
            finally:
                own.hurry()
                await own.stop()
            return own

        return asyncio.run(whole())

    return runner


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_killed_process_comes_back(run) -> None:
    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("one", SLEEPS))
        first = child.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.restarts == 1 and child.state is State.RUNNING)
        assert child.pid not in (None, first)

    run(scenario)


BREATHES = """
import time
from quanticity.runtime import alive
while True:
    alive.note()
    time.sleep(0.02)
"""


async def heard_of(own: Supervisor, folder: Path) -> Child:
    here = {"PYTHONPATH": str(Path(alive.__file__).parents[2])}
    child = await own.start(replace(python("one", BREATHES), environment=here))
    await until(lambda: (alive.seen_s(folder / "one.alive") or 0.0) >= child.started_s)
    return child


def test_one_that_was_heard_of_and_is_silent_is_killed_and_comes_back(
    run, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(supervisor, "HUNG_S", 0.5)

    async def scenario(own: Supervisor) -> None:
        child = await heard_of(own, tmp_path)
        first = child.pid
        killed = own.end_hung()
        os.kill(first, signal.SIGSTOP)
        await until(lambda: own.end_hung() == ["one"])
        await until(lambda: child.restarts == 1 and child.pid not in (None, first))
        assert killed == []

    run(scenario)


def test_nobody_is_killed_for_the_time_in_which_the_machine_slept(
    run, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(supervisor, "HUNG_S", 0.0)

    async def scenario(own: Supervisor) -> None:
        child = await heard_of(own, tmp_path)
        os.kill(child.pid, signal.SIGSTOP)
        monkeypatch.setattr(supervisor, "_ASLEEP_S", -1.0)  # every look is the first in a while
        assert own.end_hung() == []

    run(scenario)


def test_one_that_was_never_heard_of_is_left_alone(run, monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "HUNG_S", 0.0)

    async def scenario(own: Supervisor) -> None:
        await own.start(python("one", SLEEPS))
        assert own.end_hung() == []

    run(scenario)


def test_one_that_keeps_dying_is_fatal_with_its_exit_code(run) -> None:
    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("one", DIES))
        await until(lambda: child.state is State.FATAL)
        assert child.exit_code == 3

    run(scenario)


def test_one_that_kept_dying_is_well_after_a_steady_while(run, monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "STEADY_S", 0.0)

    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("one", SLEEPS))
        child.state, child.deaths_in_a_row = State.FATAL, 5
        own.notice_recovery()
        assert (child.state, child.deaths_in_a_row) == (State.RUNNING, 0)

    run(scenario)


def test_one_that_cannot_even_be_started_is_tried_again(run) -> None:
    async def scenario(own: Supervisor) -> None:
        child = await own.start(Process("one", ("/nowhere/at/all",)))
        await until(lambda: child.state is State.FATAL)
        assert child.pid is None

    run(scenario)


def test_one_that_is_born_while_all_is_stopped_is_stopped_too(run) -> None:
    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("one", DIES))
        await until(lambda: child.state is not State.RUNNING)
        await own.stop()
        assert (child.pid, child.state) == (None, State.STOPPED)

    run(scenario)


def test_phases_stop_in_order(run, tmp_path) -> None:
    says = (
        "import signal, sys, time\n"
        "def end(*_):\n    print(time.monotonic(), flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(60)"
    )
    names = {STORE: "store", WORK: "work", GATEWAY: "gateway"}

    async def scenario(own: Supervisor) -> None:
        for phase, name in names.items():
            await own.start(python(name, says, phase))
            await until((tmp_path / f"{name}.log").read_text)
        await own.stop()

    run(scenario)

    ended = {
        name: float((tmp_path / f"{name}.log").read_text().split()[-1]) for name in names.values()
    }
    assert sorted(ended, key=lambda name: ended[name]) == ["work", "gateway", "store"]


def test_what_does_not_go_in_time_is_killed(run, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(supervisor.STOP_WITHIN_S, WORK, 0.1)

    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("deaf", IGNORES))
        await until((tmp_path / "deaf.log").read_text)
        await own.stop()
        assert child.exit_code == -signal.SIGKILL

    run(scenario)


def test_after_a_stop_nothing_is_started_again(run) -> None:
    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("one", SLEEPS))
        await own.stop()
        assert (child.state, child.restarts) == (State.STOPPED, 0)

    run(scenario)


def test_what_a_killed_supervisor_left_is_stopped(run) -> None:
    stopped: list[str] = []

    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("orphan", SLEEPS))
        child.keeper.cancel()
        with suppress(asyncio.CancelledError):
            await child.keeper
        child.keeper = None
        stopped.extend(await asyncio.to_thread(supervisor.stop_leftovers, {"orphan": child.seen()}))

    run(scenario)

    assert stopped == ["orphan"]


def test_a_pid_that_somebody_else_has_now_is_left_alone(run) -> None:
    async def scenario(own: Supervisor) -> None:
        child = await own.start(python("one", SLEEPS))
        child.born -= 3_600
        assert not supervisor.is_alive(child.seen())

    run(scenario)
