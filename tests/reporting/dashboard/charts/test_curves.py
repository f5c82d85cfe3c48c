"""Curves: marks stand where their values are."""

from analytics.calculators.smile_points import Point
from reporting.dashboard.charts import curves
from reporting.dashboard.charts.canvas import NARROW, WIDE
from reporting.dashboard.charts.curves import Mark

QUOTES = [Point(590.0, -1, 0.30, 0.29, 0.31), Point(610.0, 1, 0.20, None, 0.21)]


def test_a_profile_needs_two_points() -> None:
    assert curves.profile([(600.0, 1.0)], [], WIDE) is None


def test_a_flip_outside_the_frame_is_not_drawn() -> None:
    marks = [Mark("Spot", 600.0, "spot"), Mark("Flip", 700.0, "flip")]
    picture = curves.profile([(590.0, -1e6), (610.0, 1e6)], marks, WIDE)

    assert picture is not None
    assert [w.text for w in picture.words if w.look == "mark-label"] == ["Spot 600.00"]


def test_every_quote_is_a_dot_and_whole_quotes_have_whiskers() -> None:
    picture = curves.smile(QUOTES, [Mark("25 call", 605.0, "mark", 0.22)], NARROW)

    assert picture is not None
    assert [dot.look for dot in picture.dots] == ["dot-put", "dot-call", "ring"]
    assert sum(stroke.look == "whisker" for stroke in picture.strokes) == 1
    assert picture.dots[0].y < picture.dots[2].y < picture.dots[1].y


def test_no_quotes_no_smile() -> None:
    assert curves.smile([], [], WIDE) is None
