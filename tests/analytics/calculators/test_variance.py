"""Variance of a strip: flat volatility comes back, wings end, the day is told from the night."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import black_scholes, variance
from analytics.calculators.variance import DaySplit, Strip, TermVariance
from quanticity.config.loader import section
from quanticity.domain.readings import Unavailable
from tests.analytics.toy_chains import R, chain, priced

SETTINGS = section("analytics.variance", variance.Settings)
STRIKES = np.arange(3000.0, 9000.0, 5.0)


def strip(sigma: float, t_s: float) -> Strip:
    call, put = (
        black_scholes.price(w, 6000, STRIKES, t_s / 31_536_000, sigma, 0.04, 0.0) for w in (1, -1)
    )
    return Strip(t_s, 0.04, STRIKES, call, call, put, put)


def term(found: Strip) -> TermVariance:
    answer = variance.compute(found, SETTINGS)
    assert isinstance(answer, TermVariance), answer
    return answer


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 0.5), st.floats(3, 60).map(lambda days: days * 86_400))
def test_flat_volatility_comes_back(sigma: float, t_s: float) -> None:
    assert term(strip(sigma, t_s)).vol_pct == pytest.approx(100 * sigma, rel=0.01)


def test_the_forward_and_k0_are_those_of_parity() -> None:
    found = term(strip(0.2, 30 * 86_400))

    assert found.forward == pytest.approx(6000 * np.exp(0.04 * 30 / 365), rel=1e-6)
    assert found.k0 == 6015.0


def test_a_wing_ends_after_two_zero_bids() -> None:
    whole = strip(0.2, 30 * 86_400)
    bid = whole.call_bid.copy()
    bid[(whole.strike == 6500) | (whole.strike == 6505)] = 0.0

    assert term(replace(whole, call_bid=bid)).k_max == 6495.0


def test_a_single_zero_bid_is_skipped() -> None:
    whole = strip(0.2, 30 * 86_400)
    bid = whole.call_bid.copy()
    bid[whole.strike == 6500] = 0.0

    assert term(replace(whole, call_bid=bid)).n_strikes == term(whole).n_strikes - 1


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(replace(strip(0.2, 86_400), t_s=0.0), "NOT_APPLICABLE", id="settled"),
        pytest.param(
            replace(strip(0.2, 86_400), put_bid=np.zeros(len(STRIKES))), "NO_DATA", id="no pairs"
        ),
        pytest.param(strip(0.001, 3600), "INSUFFICIENT_SAMPLES", id="too few strikes"),
    ],
)
def test_when_there_is_no_variance(found: Strip, reason: str) -> None:
    rounded = replace(
        found, call_bid=np.round(found.call_bid, 2), put_bid=np.round(found.put_bid, 2)
    )
    answer = variance.compute(rounded, SETTINGS)

    assert isinstance(answer, Unavailable)
    assert answer.reason == reason


def test_constant_volatility_reads_flat_through_the_month() -> None:
    near, later = term(strip(0.2, 23 * 86_400)), term(strip(0.2, 37 * 86_400))

    assert variance.thirty_day_index(near, later) == pytest.approx(20.0, rel=0.01)


def test_less_variance_later_is_arbitrage() -> None:
    near, later = term(strip(0.4, 20_000)), term(strip(0.1, 100_000))

    assert isinstance(
        variance.day_split(near, later, rth_left_s=20_000, next_rth_s=23_400), Unavailable
    )


def test_the_days_variance_is_on_the_trading_clock() -> None:
    near, later = term(strip(0.2, 18_000)), term(strip(0.2, 104_400))
    split = variance.day_split(near, later, rth_left_s=18_000, next_rth_s=23_400)

    assert isinstance(split, DaySplit)
    assert split.v_day == pytest.approx(0.04 * 18_000 / 31_536_000, rel=0.02)
    assert split.r_day == pytest.approx(100 * np.sqrt(split.v_day / (18_000 / (252 * 23_400))))


def test_a_strip_is_read_off_a_chain() -> None:
    found = priced(chain(range(500, 701, 2), root="SPXW", european=True))
    answer = term(variance.strip(found.chain, found.partner, 0, R))

    assert answer.vol_pct == pytest.approx(15.0, rel=0.02)
