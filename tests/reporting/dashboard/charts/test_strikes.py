"""The GEX picture is laid out within its frame and to scale."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.dashboard.charts import strikes
from reporting.dashboard.charts.canvas import NARROW, WIDE, Picture

ROWS = st.lists(
    st.tuples(st.integers(100, 900), st.floats(-1e10, 1e10)), min_size=1, max_size=90, unique_by=lambda row: row[0]
)  # fmt: skip


def reading(rows: list[tuple[int, float]], **changes: Any) -> dict[str, Any]:
    listed = [{"strike": float(k), "net_usd_per_1pct": net} for k, net in sorted(rows)]
    return {"spot_price": 500.0, "gex_by_strike": listed, "flip": None, **changes}


def drawn(rows: list[tuple[int, float]], width: float = WIDE, **changes: Any) -> Picture:
    picture = strikes.draw(reading(rows, **changes), width)
    assert picture is not None
    return picture


@given(ROWS, st.sampled_from([WIDE, NARROW]))
def test_every_bar_is_inside_the_frame(rows: list[tuple[int, float]], width: float) -> None:
    picture = drawn(rows, width)

    assert all(r.x >= 0 and r.x + r.width <= width + 0.01 for r in picture.rects)
    assert all(r.y >= 0 and r.y + r.height <= picture.height for r in picture.rects)


@given(ROWS)
def test_the_strikes_nearest_the_spot_are_shown(rows: list[tuple[int, float]]) -> None:
    shown = [float(r.title.split(":")[0]) for r in drawn(rows).rects]

    nearest = sorted(abs(k - 500) for k, _ in rows)[: strikes.MOST]
    assert sorted(abs(strike - 500) for strike in shown) == nearest


def test_bars_are_to_scale_and_on_their_side() -> None:
    upper, lower = drawn([(499, -50.0), (500, 100.0)]).rects

    assert (upper.look, lower.look) == ("bar-plus", "bar-minus")
    assert lower.width == pytest.approx(upper.width / 2)
    assert lower.x + lower.width == pytest.approx(upper.x)


def test_an_unknown_flip_has_no_line() -> None:
    picture = drawn([(499, 1.0), (501, 1.0)], call_wall=501.0)

    labels = [w.text for w in picture.words if w.look == "mark-label"]
    assert labels == ["Call wall 501.00", "Spot 500.00"]


def test_no_strikes_no_picture() -> None:
    assert strikes.draw(reading([]), WIDE) is None
