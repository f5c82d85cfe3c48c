"""Pictures as geometry: the template draws what is computed here. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reporting.dashboard import formats

WIDE, NARROW = 720.0, 340.0
ROW = 14.0
MOST = 60  # strikes nearest the spot
_TOP, _BOTTOM, _LEFT, _RIGHT = 28.0, 8.0, 48.0, 8.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One strike: its net exposure as a bar left (put) or right (call) of the axis."""

    label: str
    text: str
    x: float
    y: float
    width: float
    height: float
    baseline: float
    sign: str
    named: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A named price across the picture."""

    name: str
    text: str
    y: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Bars:
    """GEX by strike: strikes upward, dollars per 1 % sideways, with spot, flip and walls."""

    width: float
    height: float
    axis_x: float
    left: float
    right: float
    top: float
    bottom: float
    least: str
    most: str
    bars: list[Bar]
    lines: list[Line]
    summary: str


def bars(data: Mapping[str, Any], width: float = WIDE) -> Bars | None:
    """Lay out one `gex` reading in so many pixels; None when it has no strikes."""
    rows = _nearest(data)
    if not rows:
        return None
    reach = max(abs(row["net_usd_per_1pct"]) for row in rows) or 1.0
    plot = width - _LEFT - _RIGHT
    axis_x = _LEFT + plot / 2
    height = _TOP + ROW * len(rows) + _BOTTOM
    every = max(1, round(len(rows) / 20))
    return Bars(
        width=width,
        height=height,
        axis_x=axis_x,
        left=_LEFT,
        right=width - _RIGHT,
        top=_TOP,
        bottom=height - _BOTTOM,
        least=formats.dollars(-reach),
        most=formats.dollars(reach),
        bars=[
            _bar(row, n, axis_x, plot / 2 * (abs(row["net_usd_per_1pct"]) / reach), n % every == 0)
            for n, row in enumerate(rows)
        ],
        lines=_lines(data, [row["strike"] for row in rows]),
        summary=_summary(data, rows),
    )


def _nearest(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spot = data["spot_price"]
    rows = [row for row in data.get("gex_by_strike") or () if row["net_usd_per_1pct"] is not None]
    nearest = sorted(rows, key=lambda row: abs(row["strike"] - spot))[:MOST]
    return sorted(nearest, key=lambda row: -row["strike"])


def _bar(row: Mapping[str, Any], n: int, axis_x: float, width: float, named: bool) -> Bar:
    net = row["net_usd_per_1pct"]
    y = _TOP + n * ROW
    return Bar(
        label=f"{row['strike']:g}",
        text=f"{row['strike']:g}: {formats.dollars(net)} per 1 %",
        x=round(axis_x if net >= 0 else axis_x - width, 2),
        y=round(y + 2, 2),
        width=round(width, 2),
        height=ROW - 4,
        baseline=round(y + ROW - 4, 2),
        sign="plus" if net >= 0 else "minus",
        named=named,
    )


def _lines(data: Mapping[str, Any], strikes: Sequence[float]) -> list[Line]:
    named = (
        ("Spot", data.get("spot_price")),
        ("Flip", data.get("flip")),
        ("Call wall", data.get("call_wall")),
        ("Put wall", data.get("put_wall")),
    )
    placed = [(name, price, _height(price, strikes)) for name, price in named if price is not None]
    inside = [(name, price, y) for name, price, y in placed if y is not None]
    lines: list[Line] = []
    lowest = 0.0
    for name, price, y in sorted(inside, key=lambda item: item[2]):
        lowest = max(y - 4, lowest + 13)  # labels of near prices do not overlap
        lines.append(Line(name, f"{name} {formats.price(price)}", round(y, 2), round(lowest, 2)))
    return lines


def _height(price: float, strikes: Sequence[float]) -> float | None:
    """Where a price lies among descending strikes; None outside of them."""
    for n, (upper, lower) in enumerate(pairwise(strikes)):
        if lower <= price <= upper:
            share = (upper - price) / (upper - lower)
            return _TOP + ROW * (n + 0.5 + share)
    return None


def _summary(data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    largest = max(rows, key=lambda row: abs(row["net_usd_per_1pct"]))
    net = formats.dollars(data.get("gex_usd_per_1pct"))
    return (
        f"Modelled dealer gamma by strike. Net {net} per 1 %, "
        f"largest at {largest['strike']:g} with {formats.dollars(largest['net_usd_per_1pct'])}. "
        f"Flip {formats.price(data.get('flip'))}, spot {formats.price(data.get('spot_price'))}."
    )
