"""Lean's zipped minutes and ticks as records (DOMAIN 11). Pure.

`(index)option__usa__minute__goog__20151224_quote_american.zip` has one CSV per contract:
`ms of the day in New York, bid open, high, low, close, size, ask ..., size`, prices times 10,000.
Its `_openinterest_` and `_trade_` zips and the underlying's `_quote.zip` or `_trade.zip` lie beside
it; a minute's chain holds the latest quote of every contract by its end.
`equity__usa__tick__spy__20131007_trade.zip` are prints, a minute each; `_quote.zip` of seconds
beside it says which quote prevailed.
"""

import csv
import io
import re
import zipfile
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from analytics.backfill.records import CHAIN, PLACE, PRINTS, Record
from quanticity.domain import calendar
from quanticity.domain.calendar import Session

CHAINS = re.compile(
    r"^(?P<kind>index)?option__usa__minute__(?P<root>[a-z]+)__(?P<day>\d{8})_quote_\w+\.zip$"
)
TICKS = re.compile(r"^equity__usa__tick__(?P<root>[a-z]+)__(?P<day>\d{8})_trade\.zip$")
_MEMBER = re.compile(r"_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv$")
_PRICE, _MINUTE_MS = 10_000, 60_000
_OPEN_MS = 34_200_000  # 09:30 New York as Lean counts
_DARK = "D"
# Columns: bid close and size, ask close and size; close of a trade bar.
_BID, _BID_SIZE, _ASK, _ASK_SIZE, _CLOSE = 4, 5, 9, 10, 4


@dataclass(frozen=True, slots=True)
class _Series:
    """One contract's minutes: the ends in ms since the open, and its quotes at them."""

    occ: str
    ends_ms: list[int]
    rows: list[list[str]]
    open_interest: int
    traded: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Day:
    """A session of a chain file."""

    session: Session
    underlying: str
    series: list[_Series]
    spots: list[tuple[int, float]]


def chains(path: Path) -> Iterator[Record]:
    """One record per minute of the session; its chain is read when it is worked on."""
    day = _day(path)
    for minute in range(1, day.session.rth_s // 60 + 1):
        at = day.session.open_at + timedelta(minutes=minute)
        yield Record(at, day.underlying, CHAIN, {PLACE: str(path), "minute": minute})


def contracts(path: Path, minute: int) -> dict[str, Any]:
    """The chain of a minute as `quote` and `chain` of an NDJSON record."""
    day, until = _day(path), minute * _MINUTE_MS
    spot = _latest(day.spots, until)
    rows = [row for one in day.series if (row := _quoted(one, until)) is not None]
    return {"quote": {"last": spot}, "chain": rows}


def prints(path: Path) -> Iterator[Record]:
    """One record per minute with prints, of regular hours."""
    named = TICKS.match(path.name)
    assert named is not None, path
    session, symbol = _session(named["day"]), named["root"].upper()
    quotes = _quotes(path.with_name(path.name.replace("_tick_", "_second_", 1).replace(
        "_trade.zip", "_quote.zip")))  # fmt: skip
    by_minute: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(path):
        ms = int(row[0]) - _OPEN_MS
        if row[5] == "0" and 0 <= ms < session.rth_s * 1000:
            by_minute[ms // _MINUTE_MS].append(_print(session, ms, row, quotes))
    for minute, trades in sorted(by_minute.items()):
        at = session.open_at + timedelta(minutes=minute + 1)
        yield Record(at, symbol, PRINTS, {"trades": trades})


def _print(
    session: Session, ms: int, row: list[str], quotes: dict[int, tuple[float, float]]
) -> dict[str, Any]:
    # The quote of the second before is the one that prevailed for certain.
    bid, ask = quotes.get(ms // 1000 - 1, (None, None))
    return {
        "event_at": session.open_at + timedelta(milliseconds=ms),
        "price": int(row[1]) / _PRICE, "size": float(row[2]),
        "venue": "FINRA" if row[3] == _DARK else row[3],
        "bid": bid, "ask": ask, "quote_age_s": None if bid is None else (ms % 1000) / 1000,
    }  # fmt: skip


def _quotes(path: Path) -> dict[int, tuple[float, float]]:
    """Bid and ask at the end of each second since the open that had a quote."""
    if not path.exists():
        return {}
    return {
        int(row[0]) // 1000 - _OPEN_MS // 1000: (int(row[4]) / _PRICE, int(row[9]) / _PRICE)
        for row in _rows(path)
        if row[4] and row[9]
    }


# A day is tens of megabytes: one at a time.
@lru_cache(maxsize=1)
def _day(path: Path) -> _Day:
    named = CHAINS.match(path.name)
    assert named is not None, path
    root, is_index = named["root"].upper(), named["kind"] is not None
    underlying = root.removesuffix("W") if is_index else root
    interest = _by_contract(path, "openinterest")
    traded = _by_contract(path, "trade")
    series = []
    for member, rows in _members(path):
        contract = _MEMBER.search(member)
        if contract is None:
            continue
        occ = _occ(root, contract)
        found = interest.get(occ, [])
        series.append(_Series(
            occ, [_end(row) for row in rows], rows, int(found[-1][1]) if found else 0,
            [(_end(row), int(row[5])) for row in traded.get(occ, [])],
        ))  # fmt: skip
    return _Day(
        _session(named["day"]), underlying, series, _spots(path, underlying, is_index=is_index)
    )


def _by_contract(path: Path, what: str) -> dict[str, list[list[str]]]:
    named = CHAINS.match(path.name)
    assert named is not None, path
    name = path.name.replace("_quote_", f"_{what}_")
    # Some were packed twice, and say so.
    beside = next((p for p in map(path.with_name, (name, f"{name}.zip")) if p.exists()), None)
    found: dict[str, list[list[str]]] = {}
    for member, rows in () if beside is None else _members(beside):
        contract = _MEMBER.search(member)
        if contract is not None:
            found[_occ(named["root"].upper(), contract)] = rows
    return found


def _spots(path: Path, underlying: str, *, is_index: bool) -> list[tuple[int, float]]:
    kind, day = "index" if is_index else "equity", path.name.split("_quote_")[0][-8:]
    base = f"{kind}__usa__minute__{underlying.lower()}__{day}"
    quote, trade = (path.with_name(f"{base}_{what}.zip") for what in ("quote", "trade"))
    if quote.exists():
        return [
            (_end(row), (int(row[_BID]) + int(row[_ASK])) / 2 / _PRICE)
            for row in _rows(quote)
            if row[_BID] and row[_ASK]
        ]
    if not trade.exists():
        return []
    # Lean stamps index minutes in Chicago time, and leaves their points as they are.
    shift, unit = (60 * _MINUTE_MS, 1) if is_index else (0, _PRICE)
    return [(_end(row) + shift, float(row[_CLOSE]) / unit) for row in _rows(trade)]


def _quoted(one: _Series, until: int) -> dict[str, Any] | None:
    place = bisect_right(one.ends_ms, until) - 1
    if place < 0:
        return None
    row = one.rows[place]
    return {
        "contractID": one.occ,
        "bid": _number(row[_BID], _PRICE), "bid_size": _number(row[_BID_SIZE], 1),
        "ask": _number(row[_ASK], _PRICE), "ask_size": _number(row[_ASK_SIZE], 1),
        "volume": sum(size for end, size in one.traded if end <= until),
        "open_interest": one.open_interest,
    }  # fmt: skip


def _latest(found: list[tuple[int, float]], until: int) -> float | None:
    place = bisect_right(found, until, key=lambda one: one[0]) - 1
    return found[place][1] if place >= 0 else None


def _number(text: str, unit: int) -> float | None:
    return int(text) / unit if text else None


def _end(row: list[str]) -> int:
    return int(row[0]) - _OPEN_MS + _MINUTE_MS


def _occ(root: str, contract: re.Match[str]) -> str:
    thousandths = int(contract["strike"]) // 10
    return f"{root}{contract['expiry'][2:]}{contract['right'][0].upper()}{thousandths:08d}"


def _session(day: str) -> Session:
    return calendar.session(date(int(day[:4]), int(day[4:6]), int(day[6:])))


def _members(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            yield name, list(csv.reader(io.StringIO(packed.read(name).decode())))


def _rows(path: Path) -> list[list[str]]:
    return [row for _, rows in _members(path) for row in rows]
