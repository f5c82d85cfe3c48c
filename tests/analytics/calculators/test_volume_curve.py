"""How much of the day is done (DOMAIN 3.15)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import volume_curve
from quanticity.config.loader import section
from quanticity.domain import calendar

SETTINGS = section("analytics.volume_curve", volume_curve.Settings)


@pytest.mark.parametrize(
    ("minutes", "share"),
    [(-5, 0.0), (0, 0.0), (15, 0.25), (30, 0.5), (45, 0.75), (60, 1.0), (90, 1.0)],
)
def test_the_curve_is_linear_between_its_points(minutes: float, share: float) -> None:
    assert volume_curve.share_done((0.5, 1.0), minutes, 60) == pytest.approx(share)


@given(st.floats(0, 390), st.floats(0, 390))
def test_the_day_never_runs_backwards(one: float, other: float) -> None:
    early, late = sorted((one, other))
    curve = SETTINGS.full_day

    assert volume_curve.share_done(curve, early, 390) <= volume_curve.share_done(curve, late, 390)


def test_half_days_have_their_own_curve() -> None:
    half = calendar.session(date(2025, 11, 28))

    assert volume_curve.default(half, SETTINGS) == SETTINGS.half_day


def test_a_curve_is_learnt_from_days() -> None:
    assert volume_curve.learn([[1, 1], [3, 1], [0, 0]]) == pytest.approx((0.625, 1.0))
    assert volume_curve.learn([]) is None
