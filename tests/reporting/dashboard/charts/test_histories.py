"""Histories: lines break at gaps, ribbons cover the time, mixes fill the whole."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.dashboard.charts import histories, shares
from reporting.dashboard.charts.canvas import NARROW, WIDE
from reporting.dashboard.charts.histories import Line

OPEN = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
NOW = OPEN + timedelta(hours=1)
NAMES = ("BENIGN", "NORMAL", "ELEVATED", "SHOCK")


def samples(*values: float, every: int = 1) -> list[tuple[datetime, float]]:
    return [(OPEN + timedelta(minutes=n * every), value) for n, value in enumerate(values)]


def test_no_samples_no_picture() -> None:
    assert histories.lines([Line("VPIN", [], "line-1")], (0.9,), NOW, WIDE) is None
    assert histories.ribbon([], [], NOW, WIDE) is None


def test_a_line_breaks_where_samples_are_missing() -> None:
    broken = [*samples(0.1, 0.2), (OPEN + timedelta(minutes=30), 0.3)]
    picture = histories.lines([Line("VPIN", broken, "line-1")], (), NOW, WIDE)

    assert picture is not None
    assert sum(stroke.look == "line-1" for stroke in picture.strokes) == 2


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.sampled_from([WIDE, NARROW]))
def test_the_newest_value_is_inside_the_frame(values: list[float], width: float) -> None:
    picture = histories.lines([Line("VPIN", samples(*values), "line-1")], (0.9, 0.99), NOW, width)

    assert picture is not None
    assert 0 <= picture.dots[0].x <= width
    assert 0 <= picture.dots[0].y <= picture.height


def test_the_bands_of_the_gauge_cover_it() -> None:
    rects = histories.gauge(0.95, (0.9, 0.99), WIDE).rects

    assert [rect.look for rect in rects] == ["band-0", "band-1", "band-2"]
    assert sum(rect.width for rect in rects) == pytest.approx(WIDE - 20, abs=0.05)


def test_an_unknown_rank_has_no_pointer() -> None:
    assert histories.gauge(None, (0.9, 0.99), WIDE).strokes == []


def test_stretches_follow_each_other_until_now() -> None:
    found = histories.stretches(samples(1, 1, 3, 1), NAMES, NOW)

    assert [each.name for each in found] == ["NORMAL", "SHOCK", "NORMAL"]
    assert found[-1].until == NOW
    assert [each.until for each in found[:-1]] == [each.since for each in found[1:]]


def test_the_mix_fills_its_bar() -> None:
    now = [("momentum", 0.25), ("hedging", 0.75)]
    picture = shares.draw(now, {"momentum": [], "hedging": []}, NOW, WIDE)

    whole, *parts = picture.rects
    assert sum(part.width for part in parts) == pytest.approx(whole.width, abs=0.05)


def test_an_abstention_leaves_the_bar_empty_and_says_so() -> None:
    picture = shares.draw([("momentum", None)], {"momentum": []}, NOW, WIDE)

    assert picture.rects[1].width == 0
    assert "abstains" in [words.text for words in picture.words]


def test_areas_stop_where_it_abstained() -> None:
    late = (OPEN + timedelta(minutes=40), 1.0)
    found = shares.runs([at for at, _ in [*samples(1.0, 1.0), late]], NOW)

    assert [len(run) for run in found] == [2, 1]
    assert found[0][-1][1] == OPEN + timedelta(minutes=1) + histories.GAP
