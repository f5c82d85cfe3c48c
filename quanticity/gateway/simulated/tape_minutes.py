"""Recorded option minutes and index minutes in Lean's format (pure).

A zip holds one CSV per contract (`20210104_spxw_minute_quote_european_call_37000000_20210106.csv`:
milliseconds since midnight in New York, bid O H L C size, ask O H L C size, prices x 10,000). Every
minute becomes a snapshot of the chain at its end. Index minutes are stamped in Chicago time.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.instruments import OptionContract, Right
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.recorded_chain import Snapshot
from quanticity.gateway.simulated.tape import Span
from quanticity.gateway.simulated.tape_files import readable

_CHAIN = re.compile(
    r"^(?:index)?option__usa__minute__(?P<root>[a-z]+)__(?P<day>\d{8})_quote_\w+\.zip$"
)
_PART = re.compile(r"_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv$")
_INDEX = re.compile(r"^index__usa__minute__(?P<name>[a-z]+)__(?P<day>\d{8})_trade\.zip$")
_PRICE, _OPENS_S, _MINUTE_S = 10_000, 34_200, 60
_CHICAGO_S = 3_600
_BID_CLOSE, _ASK_CLOSE = 4, 9

# Of one contract: minute of the session -> (bid, ask) at its end.
Quotes = dict[int, tuple[float, float]]


def index(file: Path) -> tuple[str, Session, list[Span]] | None:
    """An index's session as spans without volume, or None when the file is none."""
    match = _INDEX.match(file.name)
    if match is None or match["name"].upper() not in listing.SYMBOLS:
        return None
    session = calendar.session(date.fromisoformat(match["day"]))
    with readable(file):
        spans = []
        for rows in _parts(file).values():
            for row in rows:
                start = int(row[0]) // 1000 + _CHICAGO_S - _OPENS_S
                if 0 <= start < session.rth_s:
                    first, high, low, last = (float(text) for text in row[1:5])
                    spans.append(Span(start, _MINUTE_S, first, high, low, last, 0.0))
        return match["name"].upper(), session, spans


def snapshots(file: Path, spot: dict[date, list[Span]]) -> Iterator[Snapshot]:
    """A snapshot a minute, where the index of that minute is known."""
    match = _CHAIN.match(file.name)
    symbol = None if match is None else listing.symbol_of_root(match["root"].upper())
    if match is None or symbol is None:
        return
    day = date.fromisoformat(match["day"])
    opened = calendar.session(day).open_at
    with readable(file):
        series = {
            con_id: _quotes(rows)
            for name, rows in _parts(file).items()
            if (con_id := _con_id(symbol.root, name)) is not None
        }
    for span in spot.get(day, []):
        at = opened + timedelta(seconds=span.start + span.seconds - 1)
        minute = span.start // _MINUTE_S
        rows = sorted((i, *q[minute]) for i, q in series.items() if minute in q)
        if rows:
            yield _snapshot(symbol.name, at, day, span.close, rows)


def _snapshot(
    name: str, at: datetime, day: date, spot: float, rows: list[tuple[int, float, float]]
) -> Snapshot:
    ids, bid, ask = (np.array(column) for column in zip(*rows, strict=True))
    none = np.zeros(len(rows), np.int64)
    return Snapshot(name, at, day, spot, ids, bid, ask, np.zeros(len(rows)), none, none)


def _parts(file: Path) -> dict[str, list[list[str]]]:
    with zipfile.ZipFile(file) as packed:
        return {
            name: list(csv.reader(io.StringIO(packed.read(name).decode())))
            for name in packed.namelist()
        }


def _con_id(root: str, name: str) -> int | None:
    match = _PART.search(name)
    if match is None:
        return None
    right = Right.CALL if match["right"] == "call" else Right.PUT
    strike = Decimal(match["strike"]) / _PRICE
    return listing.option_id(
        OptionContract(root, date.fromisoformat(match["expiry"]), right, strike)
    )


def _quotes(rows: list[list[str]]) -> Quotes:
    found = {}
    for row in rows:
        minute = (int(row[0]) // 1000 - _OPENS_S) // _MINUTE_S
        bid, ask = (int(row[n] or 0) / _PRICE for n in (_BID_CLOSE, _ASK_CLOSE))
        found[minute] = (bid, ask)
    return found
