"""What a picture is made of: rectangles, strokes, dots and words, in pixels. Pure.

`look` is a CSS class, so that colors follow the scheme.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from quanticity.domain import clock

WIDE, NARROW = 560.0, 300.0
LINE_HEIGHT = 13.0


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled box; `title` is said on hover."""

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points, as an SVG path."""

    d: str
    look: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point that stands for one value."""

    x: float
    y: float
    r: float
    look: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A short text at its baseline."""

    x: float
    y: float
    text: str
    look: str = ""
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything in one frame, in the order of drawing."""

    width: float
    height: float
    rects: list[Rect] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    @property
    def markup(self) -> str:
        """The inside of the SVG element, escaped: a template would take ten times as long."""
        return "".join(
            (
                *(_rect(each) for each in self.rects),
                *(f'<path class="{each.look}" d="{each.d}"/>' for each in self.strokes),
                *(_dot(each) for each in self.dots),
                *(_words(each) for each in self.words),
            )
        )


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` as pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return round(self.start + share * (self.end - self.start), 2)


def _rect(each: Rect) -> str:
    frame = f'x="{each.x:.2f}" y="{each.y:.2f}" width="{each.width:.2f}" height="{each.height:.2f}"'
    return f'<rect class="{each.look}" {frame}>{_title(each.title)}</rect>'


def _dot(each: Dot) -> str:
    frame = f'cx="{each.x:.2f}" cy="{each.y:.2f}" r="{each.r:.2f}"'
    return f'<circle class="{each.look}" {frame}>{_title(each.title)}</circle>'


def _words(each: Words) -> str:
    frame = f'x="{each.x:.2f}" y="{each.y:.2f}" text-anchor="{each.anchor}"'
    return f'<text class="{each.look}" {frame}>{escape(each.text)}</text>'


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def path(points: Sequence[tuple[float, float]]) -> str:
    """A polyline as SVG says it."""
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def across(y: float, left: float, right: float, look: str) -> Stroke:
    """A horizontal line."""
    return Stroke(path([(left, y), (right, y)]), look)


def upright(x: float, top: float, bottom: float, look: str) -> Stroke:
    """A vertical line."""
    return Stroke(path([(x, top), (x, bottom)]), look)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most so many round numbers between two values, their distance 1, 2 or 5 of a decade."""
    if not high > low or most < 1:
        return [low]
    raw = (high - low) / most
    decade = 10.0 ** math.floor(math.log10(raw))
    step = next(decade * each for each in (1, 2, 5, 10) if decade * each >= raw)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [n * step for n in range(first, last + 1)][: most + 1]


def apart(wanted: Sequence[float], distance: float) -> list[float]:
    """Heights, top first, moved down until no two are nearer than the distance."""
    found: list[float] = []
    for y in wanted:
        found.append(max(y, found[-1] + distance) if found else y)
    return found


def hour(at: datetime) -> str:
    """New York's wall clock to the minute: `14:31`."""
    return f"{clock.eastern(at):%H:%M}"
