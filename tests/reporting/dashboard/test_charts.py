"""The GEX picture is laid out within its frame and to scale."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.dashboard import charts

ROWS = st.lists(
    st.tuples(st.integers(100, 900), st.floats(-1e10, 1e10)), min_size=1, max_size=90, unique_by=lambda row: row[0]
)  # fmt: skip


def reading(rows: list[tuple[int, float]], **changes: Any) -> dict[str, Any]:
    strikes = [{"strike": float(k), "net_usd_per_1pct": net} for k, net in sorted(rows)]
    return {
        "spot_price": 500.0,
        "gex_usd_per_1pct": 1.0,
        "gex_by_strike": strikes,
        "flip": None,
        **changes,
    }


@given(ROWS, st.sampled_from([charts.WIDE, charts.NARROW]))
def test_every_bar_is_inside_the_frame(rows: list[tuple[int, float]], width: float) -> None:
    chart = charts.bars(reading(rows), width)

    assert chart is not None
    assert all(
        chart.left - 0.01 <= bar.x and bar.x + bar.width <= chart.right + 0.01 for bar in chart.bars
    )
    assert all(bar.y >= 0 and bar.y + bar.height <= chart.height for bar in chart.bars)


@given(ROWS)
def test_the_strikes_nearest_the_spot_are_shown(rows: list[tuple[int, float]]) -> None:
    chart = charts.bars(reading(rows))

    nearest = sorted(abs(k - 500) for k, _ in rows)[: charts.MOST]
    assert chart is not None
    assert sorted(abs(float(bar.label) - 500) for bar in chart.bars) == nearest


def test_bars_are_to_scale_and_on_their_side() -> None:
    chart = charts.bars(reading([(499, -50.0), (500, 100.0)]))

    assert chart is not None
    upper, lower = chart.bars
    assert (upper.label, upper.sign, lower.sign) == ("500", "plus", "minus")
    assert lower.width == pytest.approx(upper.width / 2)
    assert lower.x + lower.width == pytest.approx(upper.x)


def test_spot_lies_between_its_strikes() -> None:
    chart = charts.bars(reading([(499, 1.0), (500, 1.0), (501, 1.0)], spot_price=500.5))

    assert chart is not None
    assert chart.lines[0].y == pytest.approx(
        (chart.bars[0].y + chart.bars[1].y + chart.bars[0].height) / 2
    )


def test_an_unknown_flip_has_no_line() -> None:
    chart = charts.bars(reading([(499, 1.0), (501, 1.0)], call_wall=501.0))

    assert chart is not None
    assert [line.name for line in chart.lines] == ["Call wall", "Spot"]


def test_no_strikes_no_picture() -> None:
    assert charts.bars(reading([]) | {"gex_by_strike": []}) is None
