"""What each tier could have had, trade after trade: three running sums in one frame. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from reporting.dashboard.charts import frame, heat
from reporting.dashboard.charts.canvas import Dot, Picture, Words, across

HEIGHT = 260.0


@dataclass(frozen=True, slots=True)
class Sum:
    """One tier's running sum in dollars; a trade whose figure is not known adds nothing."""

    name: str
    values: Sequence[float]
    look: str


def sums(drawn_sums: Sequence[Sum], width: float) -> Picture | None:
    """Dollars over the number of the trade; None before the first."""
    longest = max((len(one.values) for one in drawn_sums), default=0)
    if not longest:
        return None
    values = [0.0, *(value for one in drawn_sums for value in one.values)]
    bounds = frame.stretched(values, 1.0)
    drawn = frame.of_values((0.0, float(longest)), bounds, (width, HEIGHT), heat.short)
    zero = across(drawn.y(0.0), frame.LEFT, width - frame.RIGHT, "axis")
    lines, dots = [], []
    for one in drawn_sums:
        points = [(float(n), value) for n, value in enumerate((0.0, *one.values))]
        lines.append(drawn.curve(points, one.look))
        x, y = points[-1]
        dots.append(Dot(drawn.x(x), drawn.y(y), 3.5, f"dot {one.look}", one.name))
    named = [
        Words(frame.LEFT + 90.0 * n, 14.0, one.name, f"{one.look} strong")
        for n, one in enumerate(drawn_sums)
    ]
    return Picture(width, HEIGHT, [], [*drawn.strokes, zero, *lines], dots, [*drawn.words, *named])
