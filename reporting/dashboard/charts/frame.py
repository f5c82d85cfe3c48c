"""The frame of a picture with two axes: grid lines, their numbers, and the scales. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reporting.dashboard.charts.canvas import (
    Scale,
    Stroke,
    Words,
    across,
    hour,
    path,
    ticks,
    upright,
)

TOP, BOTTOM, LEFT, RIGHT = 26.0, 24.0, 52.0, 10.0
LEAST_SPAN = timedelta(minutes=15)  # a session that has just begun is not stretched over the frame
_ROWS, _WIDE_PX = 5, 400.0

Samples = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where values lie, and what stands at the axes."""

    x: Scale
    y: Scale
    strokes: list[Stroke]
    words: list[Words]

    @property
    def floor(self) -> float:
        """The lower end of the plot."""
        return self.y.start

    def stem(self, value: float, look: str) -> Stroke:
        """A vertical line at a value of x."""
        return upright(self.x(value), TOP, self.floor, look)

    def curve(self, points: Sequence[tuple[float, float]], look: str) -> Stroke:
        """A line through values."""
        return Stroke(path([(self.x(a), self.y(b)) for a, b in points]), look)


def of_values(
    xs: tuple[float, float],
    ys: tuple[float, float],
    size: tuple[float, float],
    show: Callable[[float], str],
) -> Frame:
    """A frame over numbers on both axes; `show` writes those of y."""
    width, height = size
    x = Scale(*xs, LEFT, width - RIGHT)
    numbers = ticks(*xs, 8 if width >= _WIDE_PX else 4)
    words = [Words(x(v), height - 8, f"{v:g}", "", "middle") for v in numbers]
    return _framed(x, ys, size, show, words)


def of_times(
    since: datetime,
    until: datetime,
    ys: tuple[float, float],
    size: tuple[float, float],
    show: Callable[[float], str],
) -> Frame:
    """A frame over an interval of time; x is in epoch seconds."""
    width, height = size
    until = max(until, since + LEAST_SPAN)
    x = Scale(since.timestamp(), until.timestamp(), LEFT, width - RIGHT)
    words = [
        Words(LEFT, height - 8, hour(since)),
        Words(
            round((LEFT + width - RIGHT) / 2, 2),
            height - 8,
            hour(since + (until - since) / 2),
            "",
            "middle",
        ),
        Words(width - RIGHT, height - 8, f"{hour(until)} ET", "", "end"),
    ]
    return _framed(x, ys, size, show, words)


def stretched(values: Sequence[float], least: float) -> tuple[float, float]:
    """Bounds a little wider than the values, and at least so far apart."""
    low, high = min(values), max(values)
    pad = max((high - low) * 0.08, (least - (high - low)) / 2, 0.0)
    return low - pad, high + pad


def _framed(
    x: Scale,
    ys: tuple[float, float],
    size: tuple[float, float],
    show: Callable[[float], str],
    words: list[Words],
) -> Frame:
    width, height = size
    y = Scale(*ys, height - BOTTOM, TOP)
    numbers = ticks(*ys, _ROWS)
    lines = [across(y(v), LEFT, width - RIGHT, "grid") for v in numbers]
    named = [Words(LEFT - 6, y(v) + 4, show(v), "", "end") for v in numbers]
    return Frame(x, y, lines, [*words, *named])
