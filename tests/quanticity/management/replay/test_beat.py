"""The beat of a replay: what is due, in which order, whoever does it."""

import threading
from collections.abc import Sequence

import pytest

from quanticity.config.timetable import timetable
from quanticity.management.replay import beat
from quanticity.management.replay.beat import Due

VPIN = Due("analytics.refresh_vpin", ("SPY",), 5)
SWEEP = Due("analytics.refresh_sweep", ("SPY",), 2)
SUMMARY = Due("analytics.refresh_summary", (), 15)
SCORE = Due("pipeline.score_and_open", ("SPY",), 5)
DELIVER = Due("pipeline.deliver_owed", (), 1)
ALL = (VPIN, SWEEP, SUMMARY, SCORE, DELIVER)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(0, [[VPIN, SWEEP], [SUMMARY], [SCORE], [DELIVER]], id="at the start all"),
        pytest.param(1, [[], [], [], [DELIVER]], id="what comes every second"),
        pytest.param(10, [[VPIN, SWEEP], [], [SCORE], [DELIVER]], id="ten seconds in"),
    ],
)
def test_each_entry_comes_in_its_turn(second: int, expected: list[list[Due]]) -> None:
    found = beat.due(ALL, second)

    of_one = [one for work in found.by_symbol.values() for one in work]
    assert [of_one, found.market, found.scoring, found.owed] == expected


def test_the_platforms_timetable_is_played_but_for_what_asks_the_world() -> None:
    found = beat.entries(timetable())

    assert Due("pipeline.score_and_open", ("SPY",), 5) in found
    assert {one.task for one in found} == {
        entry["task"] for entry in timetable().values() if "fetch" not in entry["task"]
    }


@pytest.mark.parametrize("count", [1, 4])
def test_however_many_workers_a_symbols_work_keeps_its_order(count: int) -> None:
    done: dict[str, list[str]] = {"SPY": [], "QQQ": []}
    lock = threading.Lock()

    def run(task: str, args: Sequence[str]) -> None:
        with lock:
            done[args[0]].append(task)

    workers = beat.Workers(count, run)
    workers.by_symbol({name: [Due(f"t{n}", (name,), 1) for n in range(20)] for name in done})
    workers.close()

    assert done == {name: [f"t{n}" for n in range(20)] for name in ("SPY", "QQQ")}


@pytest.mark.parametrize("count", [1, 4])
def test_a_failure_is_not_swallowed(count: int) -> None:
    def fail(task: str, args: Sequence[str]) -> None:
        raise ZeroDivisionError(task)

    workers = beat.Workers(count, fail)
    with pytest.raises(ZeroDivisionError):
        workers.by_symbol({"SPY": [VPIN]})
    workers.close()
