"""Buckets of equal volume and the spread of moves, both one bar at a time (DOMAIN 3.9)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators.volume_buckets import Buckets, Spread

VOLUMES = st.floats(0, 5_000).map(lambda v: round(v, 3))
MOVES = st.floats(-2, 2).map(lambda v: round(v, 4))


def textbook(steps: list[tuple[float, float]]) -> float:
    weight = math.fsum(v for _, v in steps)
    mean = math.fsum(v * m for m, v in steps) / weight
    return math.sqrt(math.fsum(v * (m - mean) ** 2 for m, v in steps) / weight)


@pytest.mark.parametrize(
    ("pours", "full", "open_bucket"),
    [
        pytest.param([(60, 1.0)], [], (60, 60), id="not full"),
        pytest.param([(100, 0.5)], [50], (0, 0), id="exactly full"),
        pytest.param([(60, 1.0), (60, 0.0)], [60], (20, 0), id="cut at the edge"),
        pytest.param([(250, 0.4)], [40, 40], (50, 20), id="one bar fills two"),
        pytest.param([(0, 1.0)], [], (0, 0), id="nothing traded"),
    ],
)
def test_a_bar_is_cut_at_bucket_edges(
    pours: list[tuple[float, float]], full: list[float], open_bucket: tuple[float, float]
) -> None:
    buckets = Buckets(100)

    found = [bought for pour in pours for bought, _ in buckets.pour(*pour)]

    assert found == pytest.approx(full)
    assert (buckets.filled, buckets.bought) == pytest.approx(open_bucket)


@given(st.lists(st.tuples(VOLUMES, st.floats(0, 1)), max_size=40))
def test_no_share_is_lost_or_made(pours: list[tuple[float, float]]) -> None:
    buckets = Buckets(700)

    full = [bought for pour in pours for bought, _ in buckets.pour(*pour)]

    assert len(full) * 700 + buckets.filled == pytest.approx(
        sum(v for v, _ in pours), rel=1e-9, abs=1e-6
    )
    assert sum(full) + buckets.bought == pytest.approx(
        sum(v * f for v, f in pours), rel=1e-9, abs=1e-6
    )


def test_a_new_size_keeps_the_open_bucket_in_parts() -> None:
    buckets = Buckets(100, filled=40, bought=30)

    buckets.resize(50)

    assert (buckets.size, buckets.filled, buckets.bought) == (50, 20, 15)


def test_an_unknown_side_spoils_its_bucket_and_no_other() -> None:
    buckets = Buckets(100)

    found = [
        by_sides
        for pour in [(150, 0.5), (50, 0.5, 1.0), (100, 0.5, 0.25)]
        for _, by_sides in buckets.pour(*pour)
    ]

    assert found == pytest.approx([math.nan, math.nan, 25.0], nan_ok=True)


@given(st.lists(st.tuples(MOVES, st.floats(1, 5_000)), min_size=2, max_size=60))
def test_running_sums_agree_with_the_textbook(steps: list[tuple[float, float]]) -> None:
    spread = Spread(window=10)
    for step in steps:
        spread.push(*step)

    assert spread.sigma == pytest.approx(textbook(steps[-10:]), rel=1e-9, abs=1e-7)


@given(st.lists(st.tuples(MOVES, VOLUMES), max_size=40), st.integers(0, 40))
def test_putting_the_spread_down_changes_no_bit(steps: list[tuple[float, float]], cut: int) -> None:
    whole, first = Spread(window=8), Spread(window=8)
    for step in steps:
        whole.push(*step)
    for step in steps[:cut]:
        first.push(*step)
    rest = Spread(8, first.steps, first.sums, first.turned)
    for step in steps[cut:]:
        rest.push(*step)

    assert rest.sums == whole.sums


def test_moves_without_volume_have_no_spread() -> None:
    spread = Spread(window=5)
    spread.push(1.0, 0.0)

    assert spread.sigma == 0
