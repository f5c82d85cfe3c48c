"""A heat map of dollars: strikes downward, expiries across, a diverging scale. Pure.

Blue is minus, orange is plus; the classes end at fractions of the largest cell, which the legend
prints in dollars.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from reporting.dashboard import formats
from reporting.dashboard.charts.canvas import Picture, Rect, Stroke, Words, across

EDGES = (0.02, 0.10, 0.25, 0.50)  # of the largest cell
ROW = 18.0
_TOP, _BOTTOM, _LEFT, _RIGHT = 24.0, 26.0, 44.0, 4.0
_GAP = 1.0
_TEXT_PX, _DATE_PX = 58.0, 38.0  # narrower cells have no room for a number, for a date

Cells = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Swatch:
    """One color of a legend and what it stands for."""

    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Dollars by strike (ascending) and expiry; totals are over all strikes of an expiry."""

    strikes: Sequence[float]
    expiries: Sequence[date]
    cells: Cells
    totals: Sequence[float]
    spot: float


def draw(grid: Grid, width: float) -> Picture:
    """Lay out the cells, highest strike first, the totals beneath them and the spot between."""
    top = largest(grid.cells)
    column = (width - _LEFT - _RIGHT) / len(grid.expiries)
    bottom = _TOP + ROW * len(grid.strikes)
    rects: list[Rect] = []
    words: list[Words] = []
    for n, (strike, row) in enumerate(reversed(list(zip(grid.strikes, grid.cells, strict=True)))):
        y = _TOP + n * ROW
        words.append(Words(_LEFT - 8, y + 13, f"{strike:g}", "", "end"))
        for m, value in enumerate(row):
            x = _LEFT + m * column
            rects.append(_cell(value, top, x, y, column, f"{strike:g}, {grid.expiries[m]}"))
            if value is not None and column >= _TEXT_PX:
                look = f"on-{shade(value, top)}"
                words.append(Words(_mid(x, column), y + 13, short(value), look, "middle"))
    return Picture(
        width, bottom + _BOTTOM, rects, _spot(grid, width), [],
        [*words, *_headings(grid, column, bottom)],
    )  # fmt: skip


def largest(cells: Cells) -> float:
    """The size that the darkest color ends at."""
    return max((abs(value) for row in cells for value in row if value is not None), default=0.0)


def shade(value: float | None, top: float) -> str:
    """The class of a value: `none`, `0`, or a sign with how many edges it lies beyond."""
    if value is None:
        return "none"
    beyond = sum(abs(value) >= edge * top for edge in EDGES) if top else 0
    return "0" if not beyond else f"{'p' if value > 0 else 'm'}{beyond}"


def legend(top: float) -> list[Swatch]:
    """The scale in dollars, from minus to plus."""
    if not top:
        return [Swatch("heat-0", "all zero")]
    bounds = (*EDGES, 1.0)
    plus = [_range(low * top, high * top) for low, high in pairwise(bounds)]
    sizes = list(enumerate(plus, start=1))
    return [
        *(Swatch(f"heat-m{n}", f"{formats.MINUS}{text}") for n, text in reversed(sizes)),
        Swatch("heat-0", f"within {_plain(EDGES[0] * top)}"),
        *(Swatch(f"heat-p{n}", f"+{text}") for n, text in sizes),
    ]


def short(value: float) -> str:
    """A signed amount in three figures: `+$1.2M`."""
    sign = "+" if value > 0 else formats.MINUS if value < 0 else ""
    return f"{sign}{_plain(abs(value))}"


def _range(low: float, high: float) -> str:
    return f"{_plain(low)} to {_plain(high)}"


def _plain(value: float) -> str:
    for scale, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= scale:
            return f"${value / scale:.3g}{letter}"
    return f"${value:.3g}"


def _cell(value: float | None, top: float, x: float, y: float, column: float, where: str) -> Rect:
    said = f"{where}: {short(value)}" if value is not None else f"{where}: nothing held"
    return Rect(
        round(x + _GAP, 2), y + _GAP, round(column - 2 * _GAP, 2), ROW - 2 * _GAP,
        f"heat-{shade(value, top)}", said,
    )  # fmt: skip


def _headings(grid: Grid, column: float, bottom: float) -> list[Words]:
    centers = [_mid(_LEFT + m * column, column) for m in range(len(grid.expiries))]
    roomy = column >= _TEXT_PX
    days = [f"{day:%-d %b}" if column >= _DATE_PX else f"{day:%-d}" for day in grid.expiries]
    found = [Words(x, 14, day, "", "middle") for x, day in zip(centers, days, strict=True)]
    if roomy:
        found += [
            Words(x, bottom + 18, short(total), "strong", "middle")
            for x, total in zip(centers, grid.totals, strict=True)
        ]
        found.append(Words(_LEFT - 8, bottom + 18, "Sum", "", "end"))
    return found


def _spot(grid: Grid, width: float) -> list[Stroke]:
    """A line between the strikes that the spot lies between."""
    above = sum(strike > grid.spot for strike in grid.strikes)
    if above in (0, len(grid.strikes)):
        return []
    return [across(_TOP + above * ROW, _LEFT - 4, width, "spot")]


def _mid(x: float, column: float) -> float:
    return round(x + column / 2, 2)
