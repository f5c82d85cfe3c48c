"""What was measured over the session: lines, a gauge, a ribbon of classes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from reporting.dashboard.charts import frame
from reporting.dashboard.charts.canvas import Dot, Picture, Rect, Stroke, Words, across
from reporting.dashboard.charts.frame import Samples

HEIGHT = 260.0
GAP = timedelta(minutes=6)  # later than this, two samples are not joined
RIBBON = 22.0
_LEAST_POINTS = 2.0
_NAME_PX = 62.0  # a shorter stretch has no room for its name


@dataclass(frozen=True, slots=True)
class Line:
    """One metric in [0, 1] over time."""

    name: str
    samples: Samples
    look: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which one class held."""

    name: str
    since: datetime
    until: datetime


def lines(
    drawn_lines: Sequence[Line], limits: Sequence[float], now: datetime, width: float
) -> Picture | None:
    """Metrics between 0 and 1, with limits as dashed lines."""
    times = [at for line in drawn_lines for at, _ in line.samples]
    if not times:
        return None
    drawn = frame.of_times(
        min(times), max(*times, now), (0.0, 1.0), (width, HEIGHT), lambda v: f"{v:.1f}"
    )
    right = width - frame.RIGHT
    bands = [across(drawn.y(limit), frame.LEFT, right, "limit") for limit in limits]
    ends = [line.samples[-1] for line in drawn_lines if line.samples]
    looks = [line.look for line in drawn_lines if line.samples]
    dots = [
        Dot(drawn.x(at.timestamp()), drawn.y(value), 3.5, f"dot {look}")
        for (at, value), look in zip(ends, looks, strict=True)
    ]
    curves = [stroke for line in drawn_lines for stroke in _joined(drawn, line.samples, line.look)]
    return Picture(width, HEIGHT, [], [*drawn.strokes, *bands, *curves], dots, drawn.words)


def gauge(value: float | None, limits: Sequence[float], width: float) -> Picture:
    """A rank between 0 and 1 on a bar whose bands end at the limits; no pointer without one."""
    height, left, right = 56.0, 10.0, width - 10.0
    edges = (0.0, *limits, 1.0)
    span = right - left
    rects = [
        Rect(
            round(left + low * span, 2),
            20,
            round((high - low) * span, 2),
            16,
            f"band-{n}",
            f"{low:g} to {high:g}",
        )
        for n, (low, high) in enumerate(pairwise(edges))
    ]
    words = [
        Words(left, 52, "0"),
        *(Words(round(left + each * span, 2), 52, f"{each:.2f}", "", "end") for each in limits),
    ]
    if value is None:
        return Picture(width, height, rects, [], [], words)
    x = round(left + value * span, 2)
    anchor = "end" if value > 0.5 else "start"  # noqa: PLR2004 - the nearer half
    pointer = Stroke(f"M{x} 16V40", "pointer")
    return Picture(
        width,
        height,
        rects,
        [pointer],
        [],
        [*words, Words(x, 12, f"{value:.3f}", "strong", anchor)],
    )


def ribbon(
    samples: Samples, stretches: Sequence[Stretch], now: datetime, width: float
) -> Picture | None:
    """A line in points, and beneath it a ribbon of the classes that held."""
    if not samples:
        return None
    ys = frame.stretched([value for _, value in samples], _LEAST_POINTS)
    size = (width, HEIGHT - RIBBON)
    drawn = frame.of_times(samples[0][0], max(samples[-1][0], now), ys, size, lambda v: f"{v:g}")
    at, value = samples[-1]
    boxes: list[Rect] = []
    names: list[Words] = []
    for stretch in stretches:
        x, end = drawn.x(stretch.since.timestamp()), drawn.x(stretch.until.timestamp())
        look = f"regime-{stretch.name.lower()}"
        boxes.append(
            Rect(
                x,
                HEIGHT - RIBBON,
                max(1.0, round(end - x, 2)),
                RIBBON - 4,
                look,
                stretch.name.lower(),
            )
        )
        if end - x >= _NAME_PX:
            names.append(Words(x + 6, HEIGHT - 9, stretch.name.lower(), f"on-{look}"))
    return Picture(
        width,
        HEIGHT,
        boxes,
        [*drawn.strokes, *_joined(drawn, samples, "line-1")],
        [Dot(drawn.x(at.timestamp()), drawn.y(value), 3.5, "dot line-1", f"{value:.2f}")],
        [*drawn.words, *names],
    )


def stretches(ranks: Samples, names: Sequence[str], now: datetime) -> list[Stretch]:
    """Runs of equal ranks as stretches; the last one holds until now."""
    found: list[Stretch] = []
    for at, rank in ranks:
        name = names[int(rank)]
        if found and found[-1].name == name:
            continue
        if found:
            found[-1] = Stretch(found[-1].name, found[-1].since, at)
        found.append(Stretch(name, at, at))
    if found:
        found[-1] = Stretch(found[-1].name, found[-1].since, max(now, found[-1].since))
    return found


def _joined(drawn: frame.Frame, samples: Samples, look: str) -> list[Stroke]:
    """Lines through samples, broken where some are missing."""
    runs: list[list[tuple[float, float]]] = []
    before: datetime | None = None
    for at, value in samples:
        if before is None or at - before > GAP:
            runs.append([])
        runs[-1].append((at.timestamp(), value))
        before = at
    return [drawn.curve(run, look) for run in runs]
