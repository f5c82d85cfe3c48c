"""Recorded option chains read from files: Cboe's delayed quotes as CSV or JSON (pure).

Files are named as they were collected: `SPY_2023-04-14_close.csv.gz`,
`QQQ_2023-05-10_1510_intraday.csv.gz`, `SPY_2022-07-12_1857ET.json.gz`. A snapshot without a time
within the session is the close's. A header's spot may be an after-hours print: where the front
expiry's parity says otherwise by more than 0.2 %, parity is believed.
"""

import csv
import gzip
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.clock import NEW_YORK
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.recorded_chain import Snapshot
from quanticity.gateway.simulated.tape_files import readable

_NAME = re.compile(
    r"^(?P<symbol>[A-Z]+)_(?P<day>\d{4}-\d\d-\d\d)(_(?P<time>\d{4}))?.*\.(?P<kind>csv|json)(\.gz)?$"
)
_SPOT = re.compile(r"Last: ([\d.,]+)")
_OFF, _NEAREST = 0.002, 5

# One contract: id, bid, ask, volatility, open interest, volume.
Row = tuple[int, float, float, float, int, int]


def read(file: Path) -> Snapshot | None:
    """The chain in a file, or None when it holds none of a listed underlying."""
    named = _NAME.match(file.name)
    if named is None or named["symbol"] not in listing.SYMBOLS:
        return None
    with readable(file):
        return _read(file, named)


def _read(file: Path, named: re.Match[str]) -> Snapshot | None:
    symbol, day = listing.SYMBOLS[named["symbol"]], date.fromisoformat(named["day"])
    raw = file.read_bytes()
    text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode()
    if "Expiration Date,Calls" not in text and '"options"' not in text:
        return None
    spot, found = _of_csv(text) if named["kind"] == "csv" else _of_json(text)
    rows = sorted({row[0]: row for row in found if _is_alive(row[0], day)}.values())
    if not rows:
        raise MalformedInput(f"expected options on {symbol.name} in {file}, found none")
    at = _instant(day, named["time"])
    ids, bid, ask, iv, interest, volume = (np.array(column) for column in zip(*rows, strict=True))
    spot = _believed(spot, rows, day)
    return Snapshot(symbol.name, at, day, spot, ids, bid, ask, iv, interest, volume)


def _instant(day: date, text: str | None) -> datetime:
    session = calendar.session(day)
    last = session.close_at - timedelta(seconds=1)
    if text is None:
        return last
    at = datetime.combine(day, datetime.strptime(text, "%H%M").time(), NEW_YORK)  # noqa: DTZ007
    return min(max(at.astimezone(last.tzinfo), session.open_at), last)


def _of_csv(text: str) -> tuple[float, Iterator[Row]]:
    spot = _SPOT.search(text)
    if spot is None:
        raise MalformedInput("expected `Last: ` and the spot in a quote table, found none")
    lines = text.splitlines()
    header = [line.startswith("Expiration Date,Calls") for line in lines].index(True)
    return _number(spot[1]), _sides(lines[header + 1 :])


def _sides(lines: list[str]) -> Iterator[Row]:
    for cells in csv.reader(lines):
        for first in (1, 12):
            row = _row(cells[first : first + 10]) if len(cells) >= first + 10 else None
            if row is not None:
                yield row


# Code, last, net, bid, ask, volume, volatility, delta, gamma, open interest.
def _row(cells: list[str]) -> Row | None:
    con_id = _con_id(cells[0])
    if con_id is None:
        return None
    bid, ask, volume, iv, interest = (_number(cells[n]) for n in (3, 4, 5, 6, 9))
    return con_id, bid, ask, iv, int(interest), int(volume)


def _of_json(text: str) -> tuple[float, Iterator[Row]]:
    data = json.loads(text)["data"]

    def rows() -> Iterator[Row]:
        for one in data["options"]:
            con_id = _con_id(one["option"])
            if con_id is not None:
                counts = int(one["open_interest"]), int(one["volume"])
                yield con_id, float(one["bid"]), float(one["ask"]), float(one["iv"]), *counts

    return float(data["current_price"]), rows()


def _con_id(code: str) -> int | None:
    try:
        return listing.option_id(parse_occ(code))
    except MalformedInput:
        return None


def _is_alive(con_id: int, day: date) -> bool:
    option = listing.option_of_id(con_id)
    return option is not None and option.expiry >= day


# Thousands are separated by commas and by spaces of several kinds.
def _number(text: str) -> float:
    plain = re.sub(r"[\s,]", "", text)
    return float(plain) if plain else 0.0


def _believed(spot: float, rows: list[Row], day: date) -> float:
    sides: dict[tuple[date, float], dict[int, float]] = {}
    for con_id, bid, ask, *_ in rows:
        option = listing.option_of_id(con_id)
        if option is not None and bid > 0 and option.expiry > day:
            key = (option.expiry, float(option.strike))
            sides.setdefault(key, {})[option.right.sign] = (bid + ask) / 2
    pairs = sorted((key, both) for key, both in sides.items() if len(both) == 2)  # noqa: PLR2004
    front = [(strike, both) for (expiry, strike), both in pairs if expiry == pairs[0][0][0]]
    near = sorted(front, key=lambda one: abs(one[0] - spot))[:_NEAREST]
    if not near:
        return spot
    implied = median(strike + both[1] - both[-1] for strike, both in near)
    return implied if abs(implied / spot - 1) > _OFF else spot
