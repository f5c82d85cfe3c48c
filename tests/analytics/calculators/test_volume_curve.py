"""How much of the day is done (DOMAIN 3.15)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import volume_curve
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.market import Bar

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


FRIDAY = calendar.session(date(2025, 11, 21))
FLAT = (0.5, 1.0)  # every minute trades alike


def minutes(*places: int, n5: int = 12) -> list[Bar]:
    return [
        Bar("SPY", FRIDAY.open_at + timedelta(minutes=n), 1, 1, 1, 1, 100.0, 1, n5) for n in places
    ]


@pytest.mark.parametrize(
    ("bars", "shares", "heard_min", "gap_min"),
    [
        pytest.param(minutes(*range(60)), 6_000, 60, 0, id="every minute"),
        pytest.param(minutes(*range(61)), 6_100, 61, 0, id="one more than is due"),
        pytest.param(minutes(*range(40)), 4_000, 40, 20, id="silent since"),
        pytest.param(minutes(*range(20), *range(30, 61)), 5_100, 51, 10, id="a hole"),
        pytest.param(minutes(*range(60), n5=9), 6_000, 45, 15, id="a quarter of each missing"),
        pytest.param(minutes(-1, *range(60), 390), 6_000, 60, 0, id="outside regular hours"),
    ],
)
def test_volume_goes_with_the_minutes_in_which_it_was_heard(
    bars: list[Bar], shares: float, heard_min: float, gap_min: float
) -> None:
    found = volume_curve.heard(
        bars, FLAT, FRIDAY, FRIDAY.open_at + timedelta(minutes=60, seconds=40)
    )

    assert found == pytest.approx((shares, heard_min / 390, gap_min / 390))


def test_before_the_first_minute_nothing_was_heard() -> None:
    assert volume_curve.heard([], FLAT, FRIDAY, FRIDAY.open_at) is None


def test_a_curve_is_learnt_from_days() -> None:
    assert volume_curve.learn([[1, 1], [3, 1], [0, 0]]) == pytest.approx((0.625, 1.0))
    assert volume_curve.learn([]) is None
