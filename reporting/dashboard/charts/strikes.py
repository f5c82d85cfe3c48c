"""GEX by strike: strikes upward, dollars per 1 % sideways, with spot, flip and walls. Pure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reporting.dashboard import formats
from reporting.dashboard.charts.canvas import (
    LINE_HEIGHT,
    Picture,
    Rect,
    Stroke,
    Words,
    across,
    apart,
    upright,
)

ROW = 14.0
MOST = 60  # strikes nearest the spot
LEAST_HEIGHT = 240.0
_TOP, _BOTTOM, _LEFT, _RIGHT = 28.0, 8.0, 44.0, 8.0
_NAMED = 20  # strikes with their number, at most
_LEVELS = (
    ("Spot", "spot_price", "spot"),
    ("Flip", "flip", "flip"),
    ("Call wall", "call_wall", "mark"),
    ("Put wall", "put_wall", "mark"),
)


def draw(data: Mapping[str, Any], width: float) -> Picture | None:
    """Lay out one `gex` reading in so many pixels; None when it has no strikes."""
    rows = nearest(data)
    if not rows:
        return None
    row = max(ROW, (LEAST_HEIGHT - _TOP - _BOTTOM) / len(rows))
    reach = max(abs(each["net_usd_per_1pct"]) for each in rows) or 1.0
    right = width - _RIGHT
    middle = _LEFT + (right - _LEFT) / 2
    height = _TOP + row * len(rows) + _BOTTOM
    lines, levels = _lines(data, [each["strike"] for each in rows], row, right)
    return Picture(
        width=width,
        height=height,
        rects=[_bar(each, n, row, (middle, right), reach) for n, each in enumerate(rows)],
        strokes=[upright(middle, _TOP, height - _BOTTOM, "axis"), *lines],
        words=[
            Words(_LEFT, 16, formats.dollars(-reach), "scale"),
            Words(middle, 16, "$ per 1 %", "scale", "middle"),
            Words(right, 16, formats.dollars(reach), "scale", "end"),
            *_strikes(rows, row),
            *levels,
        ],
    )


def nearest(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The strikes nearest the spot that have a value, highest first."""
    spot = data["spot_price"]
    rows = [row for row in data.get("gex_by_strike") or () if row["net_usd_per_1pct"] is not None]
    found = sorted(rows, key=lambda row: abs(row["strike"] - spot))[:MOST]
    return sorted(found, key=lambda row: -row["strike"])


def _bar(
    each: Mapping[str, Any], n: int, row: float, plot: tuple[float, float], reach: float
) -> Rect:
    net, (middle, right) = each["net_usd_per_1pct"], plot
    size = (right - middle) * (abs(net) / reach)
    return Rect(
        x=round(middle if net >= 0 else middle - size, 2),
        y=round(_TOP + n * row + 2, 2),
        width=round(size, 2),
        height=round(row - 4, 2),
        look="bar-plus" if net >= 0 else "bar-minus",
        title=f"{each['strike']:g}: {formats.dollars(net)} per 1 %",
    )


def _strikes(rows: Sequence[Mapping[str, Any]], row: float) -> list[Words]:
    every = -(-len(rows) // _NAMED)
    return [
        Words(_LEFT - 8, round(_TOP + (n + 0.5) * row + 4, 2), f"{each['strike']:g}", "", "end")
        for n, each in enumerate(rows)
        if n % every == 0
    ]


def _lines(
    data: Mapping[str, Any], strikes: Sequence[float], row: float, right: float
) -> tuple[list[Stroke], list[Words]]:
    placed = [
        (y, f"{name} {formats.price(data[key])}", look, data[key] < data["spot_price"])
        for name, key, look in _LEVELS
        if data.get(key) is not None and (y := _height(data[key], strikes, row)) is not None
    ]
    placed.sort()
    # Above its line, or beneath it for what lies beneath the spot.
    labels = apart([y + 12 if lower else y - 4 for y, _, _, lower in placed], LINE_HEIGHT)
    return (
        [across(y, _LEFT, right, look) for y, _, look, _ in placed],
        [
            Words(right, round(at, 2), text, "mark-label", "end")
            for at, (_, text, _, _) in zip(labels, placed, strict=True)
        ],
    )


def _height(price: float, strikes: Sequence[float], row: float) -> float | None:
    """Where a price lies among descending strikes; None outside of them."""
    for n, (upper, lower) in enumerate(pairwise(strikes)):
        if lower <= price <= upper:
            share = (upper - price) / (upper - lower)
            return round(_TOP + row * (n + 0.5 + share), 2)
    return None
