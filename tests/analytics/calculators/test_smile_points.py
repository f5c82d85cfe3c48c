"""A strike at 25 delta has a delta of 0.25."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import black_scholes, skew, smile_fit, smile_points
from quanticity.config.loader import section
from quanticity.domain.calendar import SECONDS_PER_YEAR
from tests.analytics.toy_chains import chain, priced

SETTINGS = section("analytics.skew", smile_fit.Settings)
SMILE = skew.nearest(priced(chain(tuple(range(560, 641, 2)), width=0.01)), SETTINGS)


@given(st.sampled_from([1, -1]), st.floats(0.05, 0.9), st.floats(0.05, 0.95))
def test_the_strike_has_the_delta_it_was_asked_for(right: int, sigma: float, delta: float) -> None:
    assert SMILE is not None
    strike = smile_points.strike_at_delta(SMILE, right, sigma, delta)
    t = SMILE.t_s / SECONDS_PER_YEAR

    assert strike is not None
    found = black_scholes.delta(right, SMILE.spot, strike, t, sigma, SMILE.r, SMILE.q)
    assert abs(float(found)) == pytest.approx(delta)


def test_without_a_volatility_there_is_no_strike() -> None:
    assert SMILE is not None
    assert smile_points.strike_at_delta(SMILE, 1, None, 0.25) is None


def test_points_are_ascending_and_the_marks_enclose_the_forward() -> None:
    assert SMILE is not None
    shape = skew.compute(SMILE, SETTINGS)
    assert isinstance(shape, skew.Skew)
    found = smile_points.compute(SMILE, shape, SETTINGS.delta)

    assert [p.strike for p in found.points] == sorted(p.strike for p in found.points)
    assert found.put25_strike < found.forward < found.call25_strike
