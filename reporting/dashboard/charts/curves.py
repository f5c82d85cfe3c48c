"""Curves: dealer gamma over spot, the smile of one expiry. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reporting.dashboard import formats
from reporting.dashboard.charts import frame, heat
from reporting.dashboard.charts.canvas import Dot, Picture, Stroke, Words, apart, upright

HEIGHT = 260.0
_LEAST_VOLPTS = 2.0


class Quote(Protocol):
    """One quoted volatility; fractions."""

    @property
    def strike(self) -> float:
        """Dollars per share."""

    @property
    def right(self) -> int:
        """+1 call, -1 put."""

    @property
    def iv(self) -> float:
        """At the mid."""

    @property
    def iv_bid(self) -> float | None:
        """At the bid."""

    @property
    def iv_ask(self) -> float | None:
        """At the ask."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A named value of x; with a y it is also a point."""

    name: str
    x: float
    look: str
    y: float | None = None


def profile(
    points: Sequence[tuple[float, float]], marks: Sequence[Mark], width: float
) -> Picture | None:
    """Dollars per +1 % over spot; the flips are where it crosses zero."""
    if len(points) < len(("one", "another")):
        return None
    values = [0.0, *(value for _, value in points)]
    spots = (points[0][0], points[-1][0])
    drawn = frame.of_values(spots, frame.stretched(values, 1.0), (width, HEIGHT), heat.short)
    zero = Stroke(f"M{frame.LEFT} {drawn.y(0)}H{width - frame.RIGHT}", "axis")
    strokes, words = _named(drawn, [mark for mark in marks if spots[0] <= mark.x <= spots[1]])
    curve = drawn.curve(points, "line-1")
    return Picture(
        width, HEIGHT, [], [*drawn.strokes, zero, *strokes, curve], [], [*drawn.words, *words]
    )


def smile(quotes: Sequence[Quote], marks: Sequence[Mark], width: float) -> Picture | None:
    """Volatility in percent over strike, each quote with the interval of its bid and ask."""
    if not quotes:
        return None
    ends = [100 * v for q in quotes for v in (q.iv, q.iv_bid, q.iv_ask) if v is not None]
    pad = 0.02 * (quotes[-1].strike - quotes[0].strike) or 1.0
    drawn = frame.of_values(
        (quotes[0].strike - pad, quotes[-1].strike + pad),
        frame.stretched(ends, _LEAST_VOLPTS), (width, HEIGHT), lambda v: f"{v:g} %",
    )  # fmt: skip
    whiskers = [
        upright(drawn.x(q.strike), drawn.y(100 * q.iv_ask), drawn.y(100 * q.iv_bid), "whisker")
        for q in quotes
        if q.iv_bid is not None and q.iv_ask is not None
    ]
    strokes, words = _named(drawn, marks)
    return Picture(
        width, HEIGHT, [], [*drawn.strokes, *whiskers, *strokes],
        [*(_quote(drawn, q) for q in quotes), *_points(drawn, marks)], [*drawn.words, *words],
    )  # fmt: skip


def _quote(drawn: frame.Frame, q: Quote) -> Dot:
    side = "call" if q.right > 0 else "put"
    said = f"{q.strike:g} {side}: {100 * q.iv:.2f} %"
    return Dot(drawn.x(q.strike), drawn.y(100 * q.iv), 3, f"dot-{side}", said)


def _points(drawn: frame.Frame, marks: Sequence[Mark]) -> list[Dot]:
    return [
        Dot(drawn.x(mark.x), drawn.y(100 * mark.y), 6, "ring", f"{mark.name}: {100 * mark.y:.2f} %")
        for mark in marks
        if mark.y is not None
    ]


def _named(drawn: frame.Frame, marks: Sequence[Mark]) -> tuple[list[Stroke], list[Words]]:
    """A stem per mark, with its name beside it, one beneath the other where they are near."""
    ordered = sorted(marks, key=lambda mark: mark.x)
    heights = apart([frame.TOP + 8.0 for _ in ordered], 14.0)
    center = (drawn.x.start + drawn.x.end) / 2
    words = []
    for mark, y in zip(ordered, heights, strict=True):
        x = drawn.x(mark.x)
        aside, anchor = (5, "start") if x < center else (-5, "end")
        words.append(
            Words(x + aside, y, f"{mark.name} {formats.price(mark.x)}", "mark-label", anchor)
        )
    return [drawn.stem(mark.x, mark.look) for mark in ordered], words
