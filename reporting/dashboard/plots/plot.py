"""One plot of the symbol page: its pictures, what they say in words, and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics.selectors import GammaProfile, Samples, Seen
from quanticity.domain.readings import instant
from reporting.dashboard import formats, stamps
from reporting.dashboard.charts.canvas import NARROW, WIDE, Picture
from reporting.dashboard.charts.heat import Swatch
from reporting.dashboard.stamps import Stamp
from reporting.dashboard.tables import Cell, Column, Table

SIZES = {"wide": WIDE, "narrow": NARROW}


@dataclass(frozen=True, slots=True)
class World:
    """What the plots of one symbol are made from; None is unknown."""

    symbol: str
    now: datetime
    envelopes: Mapping[str, Mapping[str, Any]]
    past: Mapping[str, Samples]
    regimes: Mapping[str, Samples]
    grid: Seen[Any] | None = None
    smile: Seen[Any] | None = None
    profile: Seen[GammaProfile] | None = None
    alarms: tuple[float, ...] = ()

    def data(self, family: str) -> Mapping[str, Any]:
        """The answer of one family, which is known to be there."""
        found: Mapping[str, Any] = self.envelopes[family]["data"]
        return found

    def missing(self, family: str) -> str:
        """Why one family may not be shown; empty when it may."""
        return stamps.missing(self.envelopes.get(family), family, self.now)

    def stamp(self, family: str) -> Stamp | None:
        """Age and source of one family."""
        envelope = self.envelopes.get(family)
        return None if envelope is None else stamps.of(envelope, self.now)

    def chain_stamp(self, family: str, seen: Seen[Any]) -> Stamp | None:
        """Age and source of what was read from the chain itself, judged as its family is."""
        envelope = self.envelopes.get(family)
        if envelope is None:
            return None
        return stamps.of({**envelope, "as_of": instant(seen.as_of), "feed": seen.feed}, self.now)


@dataclass(frozen=True, slots=True)
class Plot:
    """What the template draws; without pictures and tables there is a `reason`."""

    key: str
    title: str
    stamp: Stamp | None = None
    reason: str = ""
    summary: str = ""
    pictures: list[tuple[str, Picture]] = field(default_factory=list)
    legend: list[Swatch] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    is_table: bool = False

    @property
    def why(self) -> str:
        """The reason in words."""
        return formats.word(self.reason)

    @property
    def meaning(self) -> str:
        """The reason as a sentence."""
        return stamps.meaning(self.reason)


def sized(drawn: Mapping[str, Picture | None]) -> list[tuple[str, Picture]]:
    """The pictures that there are, by size of screen."""
    return [(size, picture) for size, picture in drawn.items() if picture is not None]


def table(key: str, names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """Rows whose first column is a name and whose others are numbers."""
    columns = (Column(names[0]), *(Column(name, number=True) for name in names[1:]))
    return Table(key, "", columns, [list(row) for row in rows], "Nothing to list.")


def number(text: str, value: float | None = None) -> Cell:
    """A number; with its value, it has the tone of its sign."""
    tone = "" if not value else "up" if value > 0 else "down"
    return Cell(text, number=True, tone=tone)
