"""Which prints of a tape have been counted, instrument by instrument.

Snapshots of different contracts arrive in any order, and two prints may share a millisecond: one
instant for all of them would lose prints, so each instrument has its own, and a number with it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from quanticity.domain.market import Trade


class Mark(NamedTuple):
    """The last instant counted of one instrument, and how many prints of that instant."""

    until: datetime
    n: int


def fresh(trades: Sequence[Trade], marks: Mapping[str, Mark]) -> list[int]:
    """Places of the prints that are not counted yet; a late print of an instrument is none."""
    met: Counter[str] = Counter()
    found = []
    for place, trade in enumerate(trades):
        mark = marks.get(trade.instrument)
        if mark is not None and trade.event_at == mark.until:
            met[trade.instrument] += 1
        if mark is None or (trade.event_at, met[trade.instrument]) > mark:
            found.append(place)
    return found


def marked(marks: Mapping[str, Mark], trades: Sequence[Trade]) -> dict[str, Mark]:
    """The marks once these fresh prints are counted too."""
    after = dict(marks)
    for trade in trades:
        mark = after.get(trade.instrument)
        if mark is None or trade.event_at > mark.until:
            after[trade.instrument] = Mark(trade.event_at, 1)
        elif trade.event_at == mark.until:
            after[trade.instrument] = Mark(mark.until, mark.n + 1)
    return after
