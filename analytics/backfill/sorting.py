"""Sorting a source of any size in bounded memory: sorted runs on disk, merged as they are read."""

import heapq
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class Sorter:
    """Takes lines in any order and gives them back in theirs, each line once.

    Lines hold no line break. What does not fit into `most_bytes` lies in unnamed files.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._most_bytes = folder, most_bytes
        self._lines: list[str] = []
        self._held_bytes = 0
        self._runs: list[IO[str]] = []
        self.taken_n = 0
        self.repeated_n = 0

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the files go."""
        for run in self._runs:
            run.close()

    def add(self, line: str) -> None:
        """Take one line."""
        self._lines.append(line)
        self._held_bytes += len(line)
        self.taken_n += 1
        if self._held_bytes > self._most_bytes:
            self._spill()

    def __iter__(self) -> Iterator[str]:
        """Every line once, sorted; a repetition is counted and passed over."""
        self._lines.sort()
        for run in self._runs:
            run.seek(0)
        stored = ((line.rstrip("\n") for line in run) for run in self._runs)
        before = None
        for line in heapq.merge(self._lines, *stored):
            if line == before:
                self.repeated_n += 1
                continue
            before = line
            yield line

    def _spill(self) -> None:
        self._lines.sort()
        run = tempfile.TemporaryFile("w+", dir=self._folder)  # noqa: SIM115 - closed in __exit__
        run.writelines(line + "\n" for line in self._lines)
        self._runs.append(run)
        self._lines, self._held_bytes = [], 0
