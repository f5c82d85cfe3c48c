"""Shares of one whole: a stacked bar for now, stacked areas for the session. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from reporting.dashboard.charts import frame
from reporting.dashboard.charts.canvas import Picture, Rect, Stroke, Words, path
from reporting.dashboard.charts.frame import Samples
from reporting.dashboard.charts.histories import GAP, HEIGHT

_BAR, _DOWN = 34.0, 70.0  # height of the bar; how far beneath the top the areas begin


def draw(
    shares: Sequence[tuple[str, float | None]],
    past: Mapping[str, Samples],
    now: datetime,
    width: float,
) -> Picture:
    """Shares of one whole: now as a bar, and over the session as areas.

    Shares that are None leave the bar empty: an abstention is not a share of zero.
    """
    left, right = frame.LEFT, width - frame.RIGHT
    rects = [Rect(left, 22, right - left, _BAR, "empty-bar")]
    words = [Words(left, 14, "Now")]
    start = left
    for name, share in shares:
        size = (share or 0.0) * (right - left)
        rects.append(
            Rect(
                round(start, 2),
                22,
                round(size, 2),
                _BAR,
                f"share-{name}",
                f"{name.replace('_', ' ')} {100 * (share or 0.0):.1f} %",
            )
        )
        start += size
    if any(share is None for _, share in shares):
        words.append(Words(round((left + right) / 2, 2), 44, "abstains", "strong", "middle"))
    areas, more = _areas(past, now, width)
    return Picture(width, HEIGHT, rects, areas, [], [*words, *more])


def _areas(
    past: Mapping[str, Samples], now: datetime, width: float
) -> tuple[list[Stroke], list[Words]]:
    times = sorted({at for samples in past.values() for at, _ in samples})
    if not times:
        return [], [Words(width / 2, 160, "no samples in this session yet", "", "middle")]
    drawn = frame.of_times(
        times[0],
        max(times[-1], now),
        (0.0, 1.0),
        (width, HEIGHT - _DOWN),
        lambda v: f"{100 * v:.0f} %",
    )
    floor = dict.fromkeys(times, 0.0)
    areas: list[Stroke] = []
    for name, samples in past.items():
        known = dict(samples)
        roof = {at: floor[at] + known.get(at, 0.0) for at in times}
        areas += [_area(drawn, run, floor, roof, name) for run in runs(times, now)]
        floor = roof
    return areas, [_down(each) for each in drawn.words]


def runs(times: Sequence[datetime], now: datetime) -> list[list[tuple[datetime, datetime]]]:
    """Each sample with the instant until which it stands, grouped where they follow closely."""
    found: list[list[tuple[datetime, datetime]]] = []
    for at, following in pairwise([*times, max(now, times[-1])]):
        until = min(following, at + GAP)
        if found and found[-1][-1][1] == at:
            found[-1].append((at, until))
        else:
            found.append([(at, until)])
    return found


def _area(
    drawn: frame.Frame,
    run: Sequence[tuple[datetime, datetime]],
    floor: Mapping[datetime, float],
    roof: Mapping[datetime, float],
    name: str,
) -> Stroke:
    """Steps along the roof and back along the floor."""
    forth = [(end, roof[at]) for at, until in run for end in (at, until)]
    back = [(end, floor[at]) for at, until in reversed(run) for end in (until, at)]
    points = [(drawn.x(at.timestamp()), drawn.y(v) + _DOWN) for at, v in (*forth, *back)]
    return Stroke(f"{path(points)}Z", f"area share-{name}")


def _down(each: Words) -> Words:
    return Words(each.x, each.y + _DOWN, each.text, each.look, each.anchor)
