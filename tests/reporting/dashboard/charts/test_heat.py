"""Heat maps: the sign decides the color's side, the size its strength, the legend says both."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.dashboard.charts import heat
from reporting.dashboard.charts.canvas import NARROW, WIDE

DAYS = [date(2025, 11, 21), date(2025, 11, 24)]
CELL = st.none() | st.floats(-1e10, 1e10)


def grid(cells: list[list[float | None]], spot: float = 600.5) -> heat.Grid:
    return heat.Grid([600.0 + n for n in range(len(cells))], DAYS, cells, [1.5e6, -2e6], spot)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, "none", id="nothing held"),
        pytest.param(0.0, "0", id="zero"),
        pytest.param(-1.9, "0", id="nearly zero"),
        pytest.param(2.0, "p1", id="the first edge belongs to it"),
        pytest.param(-30.0, "m3", id="minus"),
        pytest.param(100.0, "p4", id="the largest"),
    ],
)
def test_a_shade_has_sign_and_size(value: float | None, expected: str) -> None:
    assert heat.shade(value, 100.0) == expected


@given(st.floats(1e-3, 1e12))
def test_the_scale_is_symmetric(value: float) -> None:
    assert heat.shade(value, 1e12)[1:] == heat.shade(-value, 1e12)[1:]


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=30), st.sampled_from([WIDE, NARROW]))
def test_every_cell_is_inside_the_frame(
    cells: list[tuple[float | None, float | None]], width: float
) -> None:
    picture = heat.draw(grid([list(row) for row in cells]), width)

    assert len(picture.rects) == 2 * len(cells)
    assert all(r.x >= 0 and r.x + r.width <= width + 0.01 for r in picture.rects)


def test_the_legend_ends_at_the_largest_cell_in_dollars() -> None:
    legend = heat.legend(8e6)

    assert legend[0].text == "\N{MINUS SIGN}$4M to $8M"
    assert legend[-1].text == "+$4M to $8M"
    assert [swatch.look for swatch in legend[3:6]] == ["heat-m1", "heat-0", "heat-p1"]


def test_the_highest_strike_is_on_top_and_the_spot_between() -> None:
    picture = heat.draw(grid([[1.0, None], [2.0, -3.0]]), WIDE)

    assert picture.rects[0].title.startswith("601, 2025-11-21")
    assert picture.rects[3].title == "600, 2025-11-24: nothing held"
    assert f" {picture.rects[2].y - 1:.2f}" in picture.strokes[0].d
