"""Tapes read back: what the gateway was told, in order, as it was told (DOMAIN 11).

A tape is NDJSON, one `{seq, recv_ns, feed, payload}` per line, in gzip members that are whole one
by one: what a killed writer left unfinished at the end is dropped, anything else broken is named.
"""

import gzip
import heapq
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain as chained
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError

from quanticity.domain.calendar import Settlement
from quanticity.domain.errors import MalformedInput
from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.options import Chain, Expiry
from quanticity.domain.orders import Account, Fill, OrderUpdate
from quanticity.gateway.ports import Connection

SUFFIXES = (".ndjson.gz", ".ndjson")
_INTEGERS = frozenset(
    {"right", "expiry_idx", "bid_size", "ask_size", "volume", "open_interest", "quote_epoch_ms"}
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Record(NamedTuple):
    """One line of a tape; `recv_ns` is platform time."""

    seq: int
    recv_ns: int
    feed: str
    payload: dict[str, Any]

    @property
    def at(self) -> datetime:
        """When it was received."""
        return _EPOCH + timedelta(microseconds=self.recv_ns // 1000)


@dataclass(frozen=True, slots=True)
class Past:
    """Bars of before, as the gateway asked for them, oldest first."""

    symbol: str
    minutes: tuple[Bar, ...]
    days: tuple[Bar, ...]


KINDS: dict[str, Any] = {
    "connection": Connection, "quote": Quote, "contract_quote": Quote, "trade": Trade,
    "book": Book, "bar": Bar, "imbalance": Imbalance, "chain": Chain, "order": OrderUpdate,
    "fill": Fill, "account": Account, "commission": dict[str, Any],
    "past": Past,
    # Of feeds over HTTP, whose words are not ours here.
    "vix1d": dict[str, Any], "news": dict[str, Any], "closes": list[Any],
}  # fmt: skip


class Fact(NamedTuple):
    """One fact of a tape in our words."""

    at: datetime
    feed: str
    kind: str
    value: Any


def read(path: Path) -> Iterator[Record]:
    """Every record of a file, or of all tapes in a folder, in the order of their receipt."""
    if not path.exists():
        raise MalformedInput(f"expected a tape or a folder of tapes, {path} is not there")
    if path.is_file():
        return _read_file(path)
    writers = [chained.from_iterable(map(_read_file, files)) for files in by_writer(path).values()]
    return heapq.merge(*writers, key=lambda record: record.recv_ns)


def facts(path: Path) -> Iterator[Fact]:
    """Every fact in our words; raw messages are passed over."""
    for record in read(path):
        kind = record.payload.get("kind")
        if kind in KINDS:
            yield Fact(record.at, record.feed, kind, value_of(kind, record.payload["value"]))


def by_writer(folder: Path) -> dict[str, list[Path]]:
    """The tapes of a folder by who wrote them, each in order."""
    found: dict[str, list[Path]] = {}
    for path in sorted(p for p in folder.iterdir() if p.name.endswith(SUFFIXES)):
        found.setdefault(path.name.split("-")[0], []).append(path)
    return found


def value_of(kind: str, content: Any) -> Any:
    """The domain value of a payload; MalformedInput when it cannot be one."""
    try:
        return _chain(content) if kind == "chain" else _adapter(kind).validate_python(content)
    except (ValidationError, KeyError, TypeError, ValueError) as error:
        raise MalformedInput(f"expected the fields of a {kind}, was {content!r:.200}") from error


def _read_file(path: Path) -> Iterator[Record]:
    for number, line in enumerate(_lines(path), 1):
        try:
            content = json.loads(line)
            yield Record(
                int(content["seq"]), int(content["recv_ns"]), content["feed"], content["payload"]
            )
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedInput(
                f"{path.name} line {number}: expected seq, recv_ns, feed and payload, "
                f"was {line[:80]!r}"
            ) from error


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines; a writer that was killed leaves a torn end, which is no line."""
    opened = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "rb") as file:
        while True:
            try:
                line = file.readline()
            except (EOFError, zlib.error, gzip.BadGzipFile):
                return
            if not line.endswith(b"\n"):
                return
            yield line


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def _chain(content: dict[str, Any]) -> Chain:
    columns = {f.name: content[f.name] for f in fields(Chain) if f.name in content}
    for name, value in columns.items():
        if name in _INTEGERS:
            columns[name] = np.array(value, dtype=np.int64)
        elif name in {"strike", "bid", "ask", "last"}:
            columns[name] = np.array(value, dtype=np.float64)
    columns["occ"] = np.array(content["occ"], dtype=str)
    columns["vendor"] = {
        name: np.array(value, dtype=np.float64) for name, value in content["vendor"].items()
    }
    columns["as_of"] = datetime.fromisoformat(content["as_of"])
    columns["expiries"] = tuple(_expiry(one) for one in content["expiries"])
    columns["warnings"] = tuple(content["warnings"])
    return Chain(**columns)


def _expiry(content: dict[str, Any]) -> Expiry:
    return Expiry(
        **content
        | {
            "expiry_date": date.fromisoformat(content["expiry_date"]),
            "settlement": Settlement(content["settlement"]),
            "settlement_at": datetime.fromisoformat(content["settlement_at"]),
        }
    )
