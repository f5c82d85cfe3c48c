"""Tapes written: every fact the gateway is told, appended and compressed, bounded on disk.

Facts are only buffered on the loop that hears them; a thread calls `flush`, which appends one
whole gzip member. A killed process loses what came since the last flush and nothing before it. A
full disk loses facts and says so; it never stops the gateway.
"""

import gzip
import logging
import threading
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.gateway import tapes

logger = logging.getLogger(__name__)
_BUFFERED = 200_000  # facts; beyond, the disk is too slow and the oldest are lost
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What is captured, and how much of it is kept."""

    capture: bool
    wire: bool
    flush_s: float
    level: int
    rotate_mb: float
    keep_mb: float


class TapeWriter:
    """Appends to the newest tape of one writer in a folder."""

    def __init__(self, folder: Path, who: str, settings: Settings) -> None:
        self.counters: Counter[str] = Counter()
        self._folder, self._who, self._settings = folder, who, settings
        self._facts: deque[tuple[int, datetime, str, dict[str, Any]]] = deque()
        self._lock = threading.Lock()
        self._seq: int | None = None
        self._path: Path | None = None

    def take(self, feed: str, kind: str, value: Any) -> None:
        """Buffer one fact."""
        if self._settings.capture:
            self._put(feed, {"kind": kind, "value": value})

    @property
    def is_wired(self) -> bool:
        """Whether raw messages are wanted too."""
        return self._settings.capture and self._settings.wire

    def take_wire(self, feed: str, message: list[str]) -> None:
        """Buffer one raw message."""
        self._put(f"{feed}.wire", {"fields": list(message)})

    def flush(self) -> int:
        """Append what is buffered as one whole member; return how many facts were written."""
        with self._lock:
            facts, self._facts = self._facts, deque()
        if not facts:
            return 0
        try:
            return self._append(facts)
        except OSError as error:
            self._path = None
            self.counters["lost"] += len(facts)
            logger.warning("%d facts are not on the tape: %s", len(facts), error)
            return 0

    def _put(self, feed: str, payload: dict[str, Any]) -> None:
        with self._lock:
            if self._seq is None:
                self._seq = self._next_seq()
            self._facts.append((self._seq, clock.now(), feed, payload))
            self._seq += 1
            if len(self._facts) > _BUFFERED:
                self._facts.popleft()
                self.counters["lost"] += 1

    def _append(self, facts: deque[tuple[int, datetime, str, dict[str, Any]]]) -> int:
        lines = [line for fact in facts if (line := self._line(*fact)) is not None]
        path = self._path or self._begin(facts[0][0], facts[0][1])
        with path.open("ab") as file:
            file.write(gzip.compress(b"".join(lines), self._settings.level))
            size = file.tell()
        self.counters["written"] += len(lines)
        if size >= self._settings.rotate_mb * _MEGABYTE:
            self._path = None
        return len(lines)

    def _line(self, seq: int, at: datetime, feed: str, payload: dict[str, Any]) -> bytes | None:
        recv_ns = int(at.timestamp() * 1_000_000) * 1000
        content = {"seq": seq, "recv_ns": recv_ns, "feed": feed, "payload": payload}
        try:
            return _encode(content) + b"\n"
        except (TypeError, ValueError, OverflowError) as error:
            self.counters["unwritable"] += 1
            logger.warning("a fact cannot be written: %s: %r", error, payload)
            return None

    def _begin(self, seq: int, at: datetime) -> Path:
        # Always a file of our own: nothing is appended behind another run's torn end.
        self._folder.mkdir(parents=True, exist_ok=True)
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
        self._path = self._folder / f"{self._who}-{seq:012d}-{stamp}.ndjson.gz"
        self._prune()
        return self._path

    def _prune(self) -> None:
        """Remove the oldest tapes of this writer beyond what is kept."""
        mine = tapes.by_writer(self._folder).get(self._who, [])
        room = self._settings.keep_mb * _MEGABYTE
        for path in reversed(mine):
            room -= path.stat().st_size
            if room < 0:
                path.unlink()
                self.counters["pruned"] += 1

    def _next_seq(self) -> int:
        mine = tapes.by_writer(self._folder).get(self._who, []) if self._folder.is_dir() else []
        for path in reversed(mine):
            last = -1
            try:
                for record in tapes.read(path):
                    last = record.seq
            except MalformedInput as error:
                logger.warning("%s", error)
            if last >= 0:
                return last + 1
        return 0


def _plain(value: Any) -> Any:
    """What the encoder does not know: arrays and their numbers."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"expected a fact, was {type(value).__name__}")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
