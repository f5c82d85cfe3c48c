"""The records of a file or a folder, whatever their format (DOMAIN 11).

NDJSON (plain or gzip) holds chain rows, prints, VIX1D values, or what a gateway captured; vendors'
chain files, Lean's zips and daily volatility tables are read as they were collected. A folder may
hold all of them: a job takes what it works on.
"""

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from zipfile import BadZipFile

from analytics.backfill import lean
from analytics.backfill.records import (
    ALL,
    CHAIN,
    PLACE,
    PRINTS,
    VIX1D,
    Record,
    Refused,
    from_json,
    refused,
)
from analytics.chainfiles import reader
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput

Found = Iterator[Record | Refused]
_LINES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")
_CHAIN_FILES = (".csv", ".csv.gz", ".json", ".json.gz", ".zip")
_TABLES = (".csv", ".csv.gz")
_BROKEN = (MalformedInput, ValueError, LookupError, OSError, EOFError, zlib.error, BadZipFile)
_OF_LEAN = "__usa__"  # in the name of every file of Lean


def read(path: Path, kind: str) -> Found:
    """Every record of one kind, and what is refused; in the order of the files."""
    for file in files(path):
        how = _reader(file, kind)
        if how is not None:
            yield from _checked(file, how)


def files(path: Path) -> list[Path]:
    """Every file of a source, in order; MalformedInput when it is not there."""
    if not path.exists():
        raise MalformedInput(f"--source: expected a file or folder, {path} is not there")
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _reader(file: Path, kind: str) -> Callable[[Path], Found] | None:
    if file.name.endswith(_LINES):
        return lambda path: (one for one in _lines(path) if _is_wanted(one, kind))
    if kind == CHAIN:
        if lean.CHAINS.match(file.name):
            return lean.chains
        is_chain = file.name.endswith(_CHAIN_FILES) and _OF_LEAN not in file.name
        return _chain_file if is_chain else None
    if kind == PRINTS:
        return lean.prints if lean.TICKS.match(file.name) else None
    is_vix1d = file.name.endswith(_TABLES) and "vix1d" in file.name.lower()
    return _table if is_vix1d else None


def _is_wanted(one: Record | Refused, kind: str) -> bool:
    return isinstance(one, Refused) or one.kind == kind


def _checked(file: Path, how: Callable[[Path], Found]) -> Found:
    try:
        yield from how(file)
    except _BROKEN as error:
        yield refused("UNREADABLE", "", f"{file.name}: {error}")


def _lines(path: Path) -> Found:
    opened = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path.name} line {number}"
            try:
                content = json.loads(line)
            except ValueError as error:
                yield refused("MALFORMED", "", f"{where}: {error}")
                continue
            found = from_json(content)
            if isinstance(found, Refused):
                yield found._replace(detail=f"{where}: {found.detail}"[:200])
            elif found is not None:
                yield found


# The chain itself is read when it is worked on: here only whose it is, and of when.
def _chain_file(path: Path) -> Found:
    loaded = reader.load(path, section("analytics.chainfiles", reader.Settings))
    chain = loaded.chain
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    yield Record(chain.as_of, chain.underlying, CHAIN, {PLACE: str(path), "content": content})


def _table(path: Path) -> Found:
    """A value at the open and one at the close of every session of a daily table."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode()
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        named = {str(name).strip().lower(): value for name, value in row.items()}
        where = f"{path.name} line {number}"
        try:
            session = calendar.session(_day(named["date"]))
        except (KeyError, ValueError) as error:
            yield refused("BAD_TIME", "VIX1D", f"{where}: expected a session's date: {error}")
            continue
        for name, at in (("open", session.open_at), ("close", session.close_at)):
            if named.get(name):
                yield Record(at, ALL, VIX1D, {"value": named[name], "source": path.name})


def _day(text: str) -> date:
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date
    return date.fromisoformat(text)
