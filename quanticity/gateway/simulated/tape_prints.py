"""Recorded prints and quotes: Lean ticks and quote bars, LOBSTER executions (pure).

Lean's trade ticks (`ms, price x 10,000, shares, venue, condition, suspicious`) become prints with
their venues; who was the aggressor is told by the quote, then by the tick before. A Lean quote file
gives bid and ask. LOBSTER (`seconds, type, id, size, price x 10,000, direction`) says who it was:
an execution's direction is the resting order's.
"""

import csv
import dataclasses
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.levels import Floats, Recorded
from quanticity.gateway.simulated.prices import TICK, Tape, Tapes
from quanticity.gateway.simulated.prints import Print
from quanticity.gateway.simulated.tape_files import readable

_TICKS = re.compile(r"^equity__usa__tick__(?P<symbol>[a-z]+)__(?P<day>\d{8})_trade\.zip$")
_QUOTES = re.compile(
    r"^equity__usa__(?:second|minute)__(?P<symbol>[a-z]+)__(?P<day>\d{8})_quote\.zip$"
)
_LOBSTER = re.compile(r"^LOBSTER_SampleFile_(?P<symbol>[A-Z]+)_(?P<day>[\d-]{10})_\d+\.zip$")
_VENUES = {
    "P": "ARCA", "Q": "NASDAQ", "Z": "BATS", "Y": "BYX", "N": "NYSE", "A": "AMEX", "B": "BEX",
    "J": "EDGEA", "K": "EDGX", "X": "PHLX", "D": "FINRA", "V": "IEX", "M": "CHX",
}  # fmt: skip
_PRICE, _OPENS_S = 10_000, 34_200
_EXECUTED, _HIDDEN = "4", "5"


def load(files: Iterable[Path], tapes: Tapes) -> dict[tuple[str, Session], list[Print]]:
    """The prints of every recorded session; quotes go into the tapes."""
    found: dict[tuple[str, Session], list[Print]] = {}
    named = [(file, pattern.match(file.name)) for file in files for pattern in (_QUOTES, _LOBSTER)]
    for file, match in named:
        if match is not None and match["symbol"].upper() in listing.SYMBOLS:
            symbol, session = match["symbol"].upper(), _session(match["day"])
            with readable(file):
                if match.re is _QUOTES:
                    _quote(tapes, symbol, session, _rows(file))
                else:
                    found[symbol, session] = _lobster(tapes, symbol, session, file)
    for file in files:
        match = _TICKS.match(file.name)
        if match is not None and match["symbol"].upper() in listing.SYMBOLS:
            symbol, session = match["symbol"].upper(), _session(match["day"])
            tape = tapes.of(symbol, session)
            with readable(file):
                found[symbol, session] = list(_signed(tape, _lean(session, _rows(file))))
    return found


def _session(day: str) -> Session:
    return calendar.session(date.fromisoformat(day))


def _rows(file: Path, part: str = "") -> Iterator[list[str]]:
    with zipfile.ZipFile(file) as packed:
        name = next((name for name in packed.namelist() if part in name), "")
        text = packed.read(name).decode()
    return csv.reader(io.StringIO(text))


# Bid and ask of every second, of a tape that is there already.
def _quote(tapes: Tapes, symbol: str, session: Session, rows: Iterable[list[str]]) -> None:
    if not tapes.is_recorded(symbol, session.date):
        return
    tape = tapes.of(symbol, session)
    sides = np.full((2, session.rth_s), np.nan)
    for row in rows:
        second = int(row[0]) // 1000 - _OPENS_S
        if 0 <= second < session.rth_s:
            sides[:, second] = int(row[4]) / _PRICE, int(row[9]) / _PRICE
    bid, ask = (_filled(side) for side in sides)
    ask = np.maximum(ask, bid + TICK)
    tapes.record(dataclasses.replace(tape, bid=bid, ask=np.round(ask, 4)))


def _filled(values: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(values))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    found: Floats = values[np.where(last < 0, known[0], last)]
    return found


Tick = tuple[datetime, float, int, str]


def _lean(session: Session, rows: Iterable[list[str]]) -> Iterator[Tick]:
    for row in rows:
        ms = int(row[0]) - _OPENS_S * 1000
        if row[5] == "0" and 0 <= ms < session.rth_s * 1000:
            at = session.open_at + timedelta(milliseconds=ms)
            yield at, int(row[1]) / _PRICE, int(row[2]), _VENUES.get(row[3], "FINRA")


def _signed(tape: Tape, ticks: Iterable[Tick]) -> Iterator[Print]:
    total, before, way = 0, 0.0, 1
    for at, price, size, venue in ticks:
        second, total = tape.second(at), total + size
        if before not in {0.0, price}:
            way = 1 if price > before else -1
        before = price
        lifted, hit = price >= tape.ask[second], price <= tape.bid[second]
        side = way if lifted == hit else (1 if lifted else -1)
        yield Print(at, price, size, side, venue, total)


# Executions with their true sides; the tape's quotes are the book's best.
def _lobster(tapes: Tapes, symbol: str, session: Session, file: Path) -> list[Print]:
    seconds = session.rth_s
    sides, volumes = np.full((2, seconds), np.nan), np.zeros((2, seconds))
    prints: list[Print] = []
    total = 0
    for message, book in zip(_rows(file, "_message_"), _rows(file, "_orderbook_"), strict=True):
        since = float(message[0]) - _OPENS_S
        if not 0 <= since < seconds:
            continue
        sides[:, int(since)] = int(book[2]) / _PRICE, int(book[0]) / _PRICE
        if message[1] in {_EXECUTED, _HIDDEN}:
            size, side = int(message[3]), -int(message[5])
            total += size
            volumes[0 if side > 0 else 1, int(since)] += size
            at = session.open_at + timedelta(seconds=since)
            prints.append(Print(at, int(message[4]) / _PRICE, size, side, "NASDAQ", total))
    bid, ask = (_filled(side) for side in sides)
    tapes.levels.record(symbol, Recorded(session.date, float(bid[0]), float(bid[-1])))
    before = tapes.close(symbol, calendar.previous_session(session.date).date)
    bought, sold = (volume.astype(np.int32) for volume in volumes)
    quiet = np.zeros(seconds)
    tapes.record(
        Tape(
            symbol, session, before, bid, ask, bought, sold, quiet.astype(np.int8), quiet,
            quiet.astype(np.int8),
        )
    )  # fmt: skip
    return prints
