"""Scores of estimates: against the textbook, and what is not known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from analytics.calculators import gradings
from analytics.calculators.option_flow import Sums
from quanticity.config.loader import section

SETTINGS = section("analytics.gradings", gradings.Settings)


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(-5, 5))
def test_the_score_is_the_integral_it_is_defined_by(mean: float, sd: float, came: float) -> None:
    below = integrate.quad(lambda x: stats.norm.cdf(x, mean, sd) ** 2, -40, came)[0]
    above = integrate.quad(lambda x: stats.norm.sf(x, mean, sd) ** 2, came, 40)[0]

    assert gradings.crps(mean, sd, came) == pytest.approx(below + above, abs=1e-6)


def test_a_point_forecast_scores_its_error() -> None:
    assert gradings.crps(3.0, 0.0, 5.0) == 2.0
    assert gradings.crps(3.0, 1e-9, 5.0) == pytest.approx(2.0)


def test_live_interest_is_scored_beside_doing_nothing() -> None:
    sums = {"A": Sums(opened=10.0, settled=100.0), "B": Sums(opened=0.0, settled=50.0)}
    found = gradings.open_interest(sums, {"A": 110, "B": 100})

    assert found is not None
    assert (found.mape, found.mape_unchanged) == (25.0, pytest.approx(50 * (1 / 11 + 0.5)))
    assert found.n == 2


@pytest.mark.parametrize(
    ("sums", "settled"),
    [
        pytest.param({}, {"A": 5}, id="nothing traded"),
        pytest.param({"A": Sums(settled=5.0)}, {}, id="no longer listed"),
        pytest.param({"A": Sums(settled=5.0)}, {"A": 0}, id="nothing settled"),
        pytest.param({"A": Sums()}, {"A": 5}, id="unknown the day before"),
    ],
)
def test_what_cannot_be_compared_has_no_score(sums, settled) -> None:
    assert gradings.open_interest(sums, settled) is None


@pytest.mark.parametrize(
    ("settled", "confirmed"),
    [pytest.param(125, True, id="at the share"), pytest.param(124, False, id="below it")],
)
def test_a_flag_is_confirmed_by_new_interest(settled: int, *, confirmed: bool) -> None:
    traded = Sums(contracts=100.0, settled=100.0)

    assert gradings.is_confirmed(traded, settled, SETTINGS) is confirmed


def test_a_flag_without_yesterdays_interest_is_not_judged() -> None:
    assert gradings.is_confirmed(Sums(contracts=9.0), 99, SETTINGS) is None


def test_certainty_is_rewarded_only_when_right() -> None:
    sure, vague = gradings.crps(0, 1, 0), gradings.crps(0, 5, 0)
    wrong, humble = gradings.crps(0, 1, 10), gradings.crps(0, 5, 10)

    assert sure < vague
    assert humble < wrong
    assert sure == pytest.approx((math.sqrt(2) - 1) / math.sqrt(math.pi))
