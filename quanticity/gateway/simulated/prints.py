"""Single trades of an underlying, cut from its tape's volume second by second (pure)."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np

from quanticity.domain import calendar
from quanticity.gateway.simulated.prices import TICK, Tape, Tapes

VENUES = ("ARCA", "NASDAQ", "BATS", "NYSE", "IEX", "EDGX", "MEMX", "DRCTEDGE")
_DARK, _DARK_SHARE = "FINRA", 0.35
_KEPT_MINUTES = 64
_MINUTE = timedelta(minutes=1)
_SWEEP_MS, _SECOND_MS = 200, 990
_MOST_PER_SIDE = 12
_ROUND_LOT = 100


@dataclass(frozen=True, slots=True)
class Print:
    """One trade of an underlying; side +1 bought, -1 sold; conditions by the tapes' letters."""

    at: datetime
    price: float
    size: int
    side: int
    venue: str
    total_volume: int
    conditions: str = ""


class Prints:
    """Makes prints by the minute and keeps the latest."""

    def __init__(self, tapes: Tapes) -> None:
        self._tapes = tapes
        self._minutes: OrderedDict[tuple[str, datetime], list[Print]] = OrderedDict()
        self._recorded: dict[tuple[str, date], list[Print]] = {}

    def between(self, name: str, after: datetime, until: datetime) -> list[Print]:
        """Trades in (after, until]; none outside regular hours."""
        found: list[Print] = []
        minute = after.replace(second=0, microsecond=0)
        while minute <= until:
            if calendar.current(minute) is not None:
                found += [
                    trade for trade in self._minute(name, minute) if after < trade.at <= until
                ]
            minute += _MINUTE
        return found

    def record(self, name: str, day: date, trades: list[Print]) -> None:
        """Take the recorded prints of a session, oldest first."""
        self._recorded[name, day] = trades

    def _minute(self, name: str, minute: datetime) -> list[Print]:
        recorded = self._recorded.get((name, minute.date()))
        if recorded is not None:
            ends = (bisect_left(recorded, at, key=_at) for at in (minute, minute + _MINUTE))
            return recorded[slice(*ends)]
        key = (name, minute)
        if key not in self._minutes:
            self._minutes[key] = list(self._make(name, minute))
            if len(self._minutes) > _KEPT_MINUTES:
                self._minutes.popitem(last=False)
        return self._minutes[key]

    def _make(self, name: str, minute: datetime) -> Iterator[Print]:
        tape = self._tapes.at(name, minute)
        first, volume = tape.second(minute), self._tapes.so_far(tape).volume
        own = self._tapes.random("prints", name, minute.isoformat())
        mean = self._tapes.stock(name).prints_per_s / 2
        typical = max(float(volume[-1]) / len(volume), 1.0)
        for second in range(first, first + 60):
            total = int(volume[second - 1]) if second else 0
            at = tape.session.open_at + timedelta(seconds=second)
            shares = _of_second(tape, second, own, mean, typical)
            # A sweep runs within a fifth of a second; other prints are spread over theirs.
            gap = (_SWEEP_MS if tape.sweep[second] else _SECOND_MS) / max(len(shares), 1)
            for price, size, side in shares:
                at += timedelta(milliseconds=gap * float(own.uniform(0.5, 1)))
                total += size
                lit = tape.sweep[second] or own.random() > _DARK_SHARE
                venue = VENUES[int(own.integers(len(VENUES)))] if lit else _DARK
                opens = not second and total == size
                letters = _letters(size, opens=opens, sweeps=bool(tape.sweep[second]))
                yield Print(at, price, size, side, venue, total, letters)


# An opening trade, an intermarket sweep, an odd lot.
def _letters(size: int, *, opens: bool, sweeps: bool) -> str:
    said = (("O", opens), ("F", sweeps), ("I", size < _ROUND_LOT))
    return "".join(letter for letter, applies in said if applies)


def _at(trade: Print) -> datetime:
    return trade.at


# The prints of one second: (price, shares, side); a sweep walks one tick further each print.
def _of_second(
    tape: Tape, second: int, own: np.random.Generator, mean: float, typical: float
) -> list[tuple[float, int, int]]:
    found = []
    sweep = int(tape.sweep[second])
    for shares, price, side in (
        (int(tape.bought[second]), float(tape.ask[second]), 1),
        (int(tape.sold[second]), float(tape.bid[second]), -1),
    ):
        if not shares:
            continue
        swept = sweep * side > 0
        busy = own.poisson(mean * min(2 * shares / typical, 4))
        count = abs(sweep) + 1 if swept else min(1 + int(busy), _MOST_PER_SIDE)
        for n, size in enumerate(_split(shares, count, own)):
            walked = price + side * n * TICK if swept else price
            found.append((round(walked, 2), size, side))
    return found


def _split(shares: int, count: int, own: np.random.Generator) -> list[int]:
    lot = 100 if shares >= 100 * count else 1
    whole = shares // lot
    if count == 1 or whole <= count:
        return [shares]
    cuts = np.sort(own.choice(np.arange(1, whole), count - 1, replace=False)).tolist()
    sizes = [lot * (b - a) for a, b in pairwise([0, *cuts, whole])]
    sizes[-1] += shares - lot * whole
    return sizes
