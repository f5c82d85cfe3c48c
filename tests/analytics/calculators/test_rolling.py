"""A value against its own past (DOMAIN 3.22)."""

from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import rolling
from quanticity.config.loader import section

SETTINGS = section("analytics.rolling", rolling.Settings)
SERIES = st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), min_size=20, max_size=60)


@given(SERIES.filter(lambda s: stdev(s) > 1e-2), st.floats(-1e6, 1e6))
def test_z_is_the_textbook_z(series: list[float], value: float) -> None:
    found = rolling.compute(series, value, SETTINGS)

    assert found.z == pytest.approx((value - fmean(series)) / stdev(series), rel=1e-6, abs=1e-9)


@given(SERIES.filter(lambda s: stdev(s) > 1), st.floats(0.5, 3), st.floats(-5, 5))
def test_units_do_not_change_z(series: list[float], scale: float, shift: float) -> None:
    moved = [scale * each + shift for each in series]
    ours, theirs = (
        rolling.compute(series, 1.0, SETTINGS).z,
        rolling.compute(moved, scale + shift, SETTINGS).z,
    )

    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("history", "value", "reason"),
    [
        pytest.param([1.0] * 19, 2.0, "INSUFFICIENT_SAMPLES", id="too short"),
        pytest.param([1.0] * 40, 2.0, "ZERO_VARIANCE", id="flat"),
        pytest.param([1.0, 2.0] * 20, None, "NO_DATA", id="nothing to place"),
        pytest.param([1.0, 2.0] * 20, float("nan"), "NO_DATA", id="not a number"),
    ],
)
def test_without_a_z_there_is_a_reason(
    history: list[float], value: float | None, reason: str
) -> None:
    found = rolling.compute(history, value, SETTINGS)

    assert (found.z, found.reason) == (None, reason)


def test_only_the_window_counts() -> None:
    recent = [float(n % 7) for n in range(240)]

    assert rolling.compute([1e9, *recent], 3.0, SETTINGS) == rolling.compute(recent, 3.0, SETTINGS)


def test_the_time_of_day_needs_ten_sessions() -> None:
    assert rolling.compute_tod([1.0, 2.0] * 5, 3.0, SETTINGS).z is not None
    assert rolling.compute_tod([1.0, 2.0, 3.0] * 3, 3.0, SETTINGS).reason == "INSUFFICIENT_SAMPLES"


def test_appending_forgets_the_oldest() -> None:
    kept = rolling.append(tuple(float(n) for n in range(240)), 240.0, SETTINGS)

    assert (len(kept), kept[0], kept[-1]) == (240, 1.0, 240.0)
