"""Cboe delayed-quote pages saved as CSV: calls left, puts right, one row per strike (DOMAIN 1.9).

Columns repeat their names, so they are addressed by place: 0 expiry; 1-10 call symbol, last,
net, bid, ask, volume, IV, delta, gamma, open interest; 11 strike; 12-21 the same for the put.
"""

from __future__ import annotations

import csv
import math
import re

from analytics.chainfiles import dates
from analytics.chainfiles.columns import Rows
from quanticity.domain.errors import MalformedInput

FORMAT = "cboe_csv"
HEADER = "Expiration Date,Calls"
_COLUMNS = 22
_CALL, _STRIKE, _PUT = 1, 11, 12
_SYMBOL, _LAST, _BID, _ASK, _VOLUME, _IV, _DELTA, _GAMMA, _INTEREST = 0, 1, 3, 4, 5, 6, 7, 8, 9
_SPOT = re.compile(r"Last:\s*([-\d.,\s]+?)\s*(?:,\s*Change|[\"]|$)")
_ABSENT = frozenset(("", "-", "--", "n/a", "N/A", "nan", "NaN"))
_SEPARATORS = str.maketrans("", "", ", \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}")


def recognizes(text: str) -> bool:
    """Say whether a line begins the quote table."""
    return _header_at(text) is not None


def read(text: str) -> Rows:
    """Read the whole page; raise MalformedInput naming the line that does not fit."""
    start = _header_at(text) or 0
    above = text[:start]
    rows = Rows(FORMAT, "cboe_delayed", delayed=True, vendor={"iv": [], "delta": [], "gamma": []})
    _read_heading(above, rows)
    first_line = above.count("\n") + 1
    reader = csv.reader(text[start:].splitlines())
    next(reader)
    for number, cells in enumerate(reader, start=first_line + 1):
        if not cells:
            continue
        if len(cells) != _COLUMNS:
            raise MalformedInput(
                f"line {number}: expected {_COLUMNS} columns, found {len(cells)}; "
                "the file is truncated or malformed"
            )
        for side in (_CALL, _PUT):
            _append(rows, cells[side : side + 10], number)
    if not rows.occ:
        raise MalformedInput("expected quotes below the column heads, found none")
    if not text.endswith("\n"):
        rows.warnings.append("file: no line break at the end, its last row may be cut short")
    return rows


def _header_at(text: str) -> int | None:
    match = re.search(rf"^\"?{HEADER}", text, re.MULTILINE)
    return None if match is None else match.start()


def _read_heading(above: str, rows: Rows) -> None:
    for line in above.splitlines():
        spot = _SPOT.search(line)
        if spot is not None:
            value = _number(spot[1], 0)
            rows.spot = value if math.isfinite(value) and value > 0 else None
        if "Date:" in line:
            rows.vendor_at = dates.parse(line.split("Date:", 1)[1].partition("Bid:")[0])


def _append(rows: Rows, cells: list[str], line: int) -> None:
    rows.occ.append(cells[_SYMBOL].strip())
    rows.last.append(_number(cells[_LAST], line))
    rows.bid.append(_number(cells[_BID], line))
    rows.ask.append(_number(cells[_ASK], line))
    rows.bid_size.append(math.nan)
    rows.ask_size.append(math.nan)
    rows.volume.append(_number(cells[_VOLUME], line))
    rows.open_interest.append(_number(cells[_INTEREST], line))
    rows.vendor["iv"].append(_number(cells[_IV], line))
    rows.vendor["delta"].append(_number(cells[_DELTA], line))
    rows.vendor["gamma"].append(_number(cells[_GAMMA], line))


def _number(cell: str, line: int) -> float:
    try:
        return float(cell)
    except ValueError:
        pass
    if cell.strip() in _ABSENT:
        return math.nan
    try:
        return float(cell.translate(_SEPARATORS))
    except ValueError as error:
        raise MalformedInput(f"line {line}: expected a number, was {cell!r}") from error
