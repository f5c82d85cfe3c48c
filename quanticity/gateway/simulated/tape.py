"""Recorded bars and prints as tapes: what really happened instead of a seeded path (pure).

Reads one-minute CSV as yfinance writes it (`Datetime,Close,High,Low,Open,Volume`, UTC) and the
zipped trade files of Lean (minute and second bars, ticks; milliseconds since midnight in New
York, prices times 10,000). A bar longer than a second becomes a path open - low - high - close (or
open - high - low - close when it fell). Aggressors are inferred: no file says who they were.
"""

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.clock import eastern
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.levels import Floats, Recorded
from quanticity.gateway.simulated.prices import TICK, Tape, Tapes
from quanticity.gateway.simulated.shapes import Ints
from quanticity.gateway.simulated.tape_files import readable

_YAHOO = re.compile(r"^(?P<symbol>[A-Z0-9]+)_1m.*\.csv(\.gz)?$")
_LEAN = re.compile(
    r"^equity__usa__(?P<size>minute|second|tick)__(?P<symbol>[a-z]+)__(?P<date>\d{8})_trade\.zip$"
)
_SECONDS = {"minute": 60, "second": 1, "tick": 0}
_LEAN_PRICE, _SUSPICIOUS = 10_000, 5
_UP, _DOWN, _FLAT = 0.85, 0.15, 0.5
_MEMORY_S = 30


@dataclass(frozen=True, slots=True)
class Span:
    """One recorded bar: its start second in the session, its length, prices and shares."""

    start: int
    seconds: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    def scaled(self, times: float, volume: float) -> "Span":
        """The same shape at another price level, with this volume."""
        return Span(
            self.start, self.seconds, self.open * times, self.high * times, self.low * times,
            self.close * times, volume,
        )  # fmt: skip


def load(files: Iterable[Path], tapes: Tapes) -> list[Session]:
    """Put every recorded session of listed symbols into the tapes; return the sessions."""
    found = [one for file in files for one in _read(file)]
    # All levels first: a session's tape begins from the close before.
    for symbol, session, spans in found:
        tapes.levels.record(symbol, Recorded(session.date, spans[0].open, spans[-1].close))
    for symbol, session, spans in found:
        tapes.record(make(symbol, session, spans, tapes))
    days = {session.date: session for _, session, _ in found}
    return [days[day] for day in sorted(days)]


def make(symbol: str, session: Session, spans: list[Span], tapes: Tapes) -> Tape:
    """A session's tape from its bars."""
    price, volume = _by_second(session.rth_s, spans)
    ticks = np.diff(price, prepend=price[0])
    buys = np.where(ticks > 0, _UP, np.where(ticks < 0, _DOWN, _FLAT))
    bought = np.round(volume * buys).astype(np.int32)
    sold = np.round(volume).astype(np.int32) - bought
    lean = _lean(bought, sold)
    spread = tapes.stock(symbol).spread_ticks * TICK
    bid = np.round(np.floor((price - spread / 2) / TICK + 0.5) * TICK, 2)
    return Tape(
        symbol, session, tapes.close(symbol, calendar.previous_session(session.date).date), bid,
        np.round(bid + spread, 2), bought, sold, np.zeros(len(price), np.int8), lean,
        np.where(np.abs(lean) > 0.5, np.sign(lean), 0).astype(np.int8),  # noqa: PLR2004 - one-sided
    )  # fmt: skip


def _read(file: Path) -> list[tuple[str, Session, list[Span]]]:
    with readable(file):
        return list(_recordings(file))


def _recordings(file: Path) -> Iterator[tuple[str, Session, list[Span]]]:
    yahoo, lean = _YAHOO.match(file.name), _LEAN.match(file.name)
    if yahoo and yahoo["symbol"] in listing.SYMBOLS:
        yield from _yahoo(file, yahoo["symbol"])
    if lean and lean["symbol"].upper() in listing.SYMBOLS:
        day = datetime.strptime(lean["date"], "%Y%m%d").date()  # noqa: DTZ007 - a date
        session = calendar.session(day)
        spans = _lean_spans(file, lean["size"], session)
        if spans:
            yield lean["symbol"].upper(), session, spans


def _yahoo(file: Path, symbol: str) -> Iterator[tuple[str, Session, list[Span]]]:
    raw = file.read_bytes()
    text = gzip.decompress(raw).decode() if file.suffix == ".gz" else raw.decode()
    by_day: dict[date, list[Span]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        at = datetime.fromisoformat(row["Datetime"])
        day = eastern(at).date()
        if not calendar.is_session(day):
            continue
        start = int((at - calendar.session(day).open_at).total_seconds())
        by_day.setdefault(day, []).append(
            Span(
                start, 60, float(row["Open"]), float(row["High"]), float(row["Low"]),
                float(row["Close"]), float(row["Volume"]),
            )
        )  # fmt: skip
    for day, spans in sorted(by_day.items()):
        yield symbol, calendar.session(day), spans


def _lean_spans(file: Path, size: str, session: Session) -> list[Span]:
    with zipfile.ZipFile(file) as packed:
        text = packed.read(packed.namelist()[0]).decode()
    opened_ms = int(timedelta(hours=9, minutes=30).total_seconds() * 1000)
    spans = []
    for row in csv.reader(io.StringIO(text)):
        start = (int(row[0]) - opened_ms) // 1000
        if not 0 <= start < session.rth_s:
            continue
        if size == "tick":
            if row[_SUSPICIOUS] == "0":
                price = int(row[1]) / _LEAN_PRICE
                spans.append(Span(start, 1, price, price, price, price, float(row[2])))
        else:
            open_, high, low, close = (int(text) / _LEAN_PRICE for text in row[1:5])
            spans.append(Span(start, _SECONDS[size], open_, high, low, close, float(row[5])))
    return spans


# Price and shares of every second; before the first bar its open, in gaps the price before.
def _by_second(seconds: int, spans: Iterable[Span]) -> tuple[Floats, Floats]:
    price, volume = np.full(seconds, np.nan), np.zeros(seconds)
    for span in spans:
        part = slice(max(span.start, 0), min(span.start + span.seconds, seconds))
        length = part.stop - part.start
        if length <= 0:
            continue
        turns = (span.low, span.high) if span.close >= span.open else (span.high, span.low)
        corners = (span.open, *turns, span.close) if length > 1 else (span.close,)
        price[part] = np.interp(
            np.linspace(0, len(corners) - 1, length), np.arange(len(corners)), corners
        )
        volume[part] += span.volume / length
    known = np.flatnonzero(~np.isnan(price))
    if not len(known):
        raise MalformedInput("expected a bar within regular hours, found none")
    last = np.maximum.accumulate(np.where(np.isnan(price), -1, np.arange(seconds)))
    return price[np.where(last < 0, known[0], last)], volume


def _lean(bought: Ints, sold: Ints) -> Floats:
    kernel = np.ones(_MEMORY_S)
    signed = np.convolve(bought.astype(float) - sold, kernel)[: len(bought)]
    total = np.convolve(bought.astype(float) + sold, kernel)[: len(bought)]
    lean: Floats = 0.9 * signed / np.maximum(total, 1.0)
    return lean
