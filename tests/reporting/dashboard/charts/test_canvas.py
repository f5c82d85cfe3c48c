"""Scales, ticks and markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.dashboard.charts import canvas
from reporting.dashboard.charts.canvas import Dot, Picture, Rect, Scale, Words

BOUNDS = st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)).filter(
    lambda b: b[1] - b[0] > 1e-6 * max(1.0, abs(b[0]))
)


@given(BOUNDS, st.integers(1, 12))
def test_ticks_are_few_and_inside(bounds: tuple[float, float], most: int) -> None:
    found = canvas.ticks(*bounds, most)

    slack = 1e-9 * max(map(abs, bounds))
    assert len(found) <= most + 1
    assert all(bounds[0] - slack <= tick <= bounds[1] + slack for tick in found)


def test_ticks_are_round() -> None:
    assert canvas.ticks(0, 1, 5) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert canvas.ticks(677, 697, 5) == [680, 685, 690, 695]


def test_a_scale_reaches_both_ends() -> None:
    scale = Scale(10, 20, 100, 0)

    assert (scale(10), scale(15), scale(20)) == (100, 50, 0)


def test_a_scale_without_a_span_stays_in_the_middle() -> None:
    assert Scale(5, 5, 0, 100)(5) == 50


def test_labels_are_kept_apart() -> None:
    assert canvas.apart([10, 12, 50], 13) == [10, 23, 50]


def test_markup_is_escaped() -> None:
    picture = Picture(
        10, 10, [Rect(0, 0, 1, 1, "a", "<b>")], [], [Dot(0, 0, 1, "a", '"&')], [Words(0, 0, "<i>")]
    )

    assert "<b>" not in picture.markup
    assert "<i>" not in picture.markup
    assert "&quot;&amp;" in picture.markup
