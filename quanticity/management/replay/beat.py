"""The beat of a replay: which task is due at which second, and in which order they run.

What concerns one symbol alone is done symbol by symbol, by as many workers as are asked for, and
all of it is done before the next phase begins; what can see more than one symbol (roll-ups, scoring
and admission, orders, messages) is done by one, in the timetable's order. So the answer does not
depend on how many workers there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connection

Run = Callable[[str, Sequence[str]], None]
_OUTSIDE = ".fetch_"  # tasks are named by their verb: these ask feeds and channels
_SCORING = "pipeline.score_and_open"


@dataclass(frozen=True, slots=True)
class Due:
    """One entry of the timetable: a task with its arguments, every so many seconds."""

    task: str
    args: tuple[str, ...]
    every_s: int

    @property
    def is_of_one_symbol(self) -> bool:
        """Whether it reads and writes nothing but its symbol's."""
        return self.task.startswith("analytics.") and bool(self.args)


@dataclass(frozen=True, slots=True)
class Phases:
    """The entries of one second, in the order in which they run."""

    by_symbol: dict[str, list[Due]]
    market: list[Due]
    scoring: list[Due]
    owed: list[Due]


def entries(timetable: Mapping[str, Mapping[str, Any]]) -> tuple[Due, ...]:
    """The timetable as entries of whole seconds, without what asks the world outside."""
    return tuple(
        Due(entry["task"], tuple(entry["args"]), max(1, round(entry["schedule"].total_seconds())))
        for entry in timetable.values()
        if _OUTSIDE not in entry["task"]
    )


def due(every: Iterable[Due], second: int) -> Phases:
    """What is due at a second since the beginning."""
    found = Phases({}, [], [], [])
    for one in every:
        if second % one.every_s:
            continue
        if one.is_of_one_symbol:
            found.by_symbol.setdefault(one.args[0], []).append(one)
        elif one.task.startswith("analytics."):
            found.market.append(one)
        elif one.task == _SCORING:
            found.scoring.append(one)
        else:
            found.owed.append(one)
    return found


class Workers:
    """So many threads, each with its own connection to the database."""

    def __init__(self, count: int, run: Run) -> None:
        self._run = run
        self._pool = ThreadPoolExecutor(count, "replay") if count > 1 else None

    def by_symbol(self, work: Mapping[str, Sequence[Due]]) -> None:
        """Do every symbol's entries in their order; return when all are done."""
        if self._pool is None:
            for entries_of_one in work.values():
                self.in_order(entries_of_one)
            return
        for future in [self._pool.submit(self.in_order, one) for one in work.values()]:
            future.result()

    def in_order(self, work: Sequence[Due]) -> None:
        """Do entries one after the other."""
        for one in work:
            self._run(one.task, one.args)

    def close(self) -> None:
        """Let the threads go, and their connections."""
        if self._pool is not None:
            for _ in range(self._pool._max_workers):  # noqa: SLF001 - one farewell per thread
                self._pool.submit(connection.close)
            self._pool.shutdown()
