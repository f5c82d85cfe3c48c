"""The end of a stream, parsed once per process: each look costs what is new, not what is there.

A tail remembers the id of the last entry it has seen and asks for that one and everything after
it. When the last one is gone, the stream was begun anew (or overran us), and so does the tail;
`generation` then rises, so that whoever folds entries can tell.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from quanticity.store import keys
from quanticity.store.client import client

V = TypeVar("V")
# How far somebody has read: the tail's generation, and how many values of it.
Place = tuple[int, int]
START: Place = (-1, 0)
_NOTHING = b"-"


class Tail(Generic[V]):
    """The last `kept` values of one stream, oldest first."""

    def __init__(self, key: keys.Key, parse: Callable[[bytes], V], kept: int) -> None:
        self.generation = 0
        self._name, self._parse = key.name, parse
        self._values: deque[V] = deque(maxlen=kept)
        self._last = _NOTHING
        self._seen_n = 0
        self._lock = threading.Lock()

    def values(self) -> list[V]:
        """Everything kept, after a look at the stream."""
        with self._lock:
            self._look()
            return list(self._values)

    def since(self, place: Place) -> tuple[Sequence[V], Place, bool]:
        """Values after a place, the place after them, and whether they continue what was before."""
        with self._lock:
            self._look()
            generation, seen_n = place
            new_n = self._seen_n - seen_n
            continues = generation == self.generation and new_n <= len(self._values)
            found = list(self._values)
            fresh = (found[-new_n:] if new_n else []) if continues else found
            return fresh, (self.generation, self._seen_n), continues

    def ask(self, pipe: Any) -> bytes:
        """Put the question for what is new into a pipeline; return the place it asks from."""
        place = self._last
        pipe.xrange(self._name, min=place)
        return place

    def told(self, rows: Sequence[Any], place: bytes) -> list[V]:
        """Everything kept, with the answer to a question that was asked from a place."""
        with self._lock:
            if place == self._last:
                self._fold(rows)
            else:  # another thread was faster
                self._look()
            return list(self._values)

    def _look(self) -> None:
        self._fold(client().xrange(self._name, min=self._last))

    def _fold(self, rows: Sequence[Any]) -> None:
        if self._last == _NOTHING:
            self._take(rows)
        elif rows and rows[0][0] == self._last:
            self._take(rows[1:])
        else:
            self._values.clear()
            self.generation += 1
            self._last, self._seen_n = _NOTHING, 0
            self._take(client().xrange(self._name))

    def _take(self, rows: Sequence[Any]) -> None:
        for entry, fields in rows:
            self._values.append(self._parse(fields[b"v"]))
            self._last = entry
        self._seen_n += len(rows)
