"""Implied volatility: the price comes back, or there is a status."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics.calculators import black_scholes, implied_vol
from analytics.calculators.implied_vol import Contracts
from quanticity.domain.options import IvStatus

WEEK = 7 / 365


@settings(deadline=None)
@given(
    st.floats(-0.8, 0.8),
    st.floats(60, 6e7).map(lambda s: s / 31_536_000),
    st.floats(0.01, 6),
    st.floats(-0.01, 0.08),
    st.floats(0, 0.06),
)
def test_the_price_comes_back_to_machine_precision(
    k: float, t: float, sigma: float, r: float, q: float
) -> None:
    strike = 100 * np.exp(k)
    right = 1 if strike >= 100 * np.exp((r - q) * t) else -1
    price = float(black_scholes.price(right, 100, strike, t, sigma, r, q))
    assume(price > 1e-9)
    solved = implied_vol.compute([price], Contracts.of(right, 100, strike, t, r, q))
    assume(solved.status[0] != IvStatus.ABOVE_MAX)

    assert solved.status[0] == IvStatus.OK
    again = black_scholes.price(right, 100, strike, t, solved.sigma, r, q)
    assert abs(float(again[0]) - price) <= 1e-13 * 100


@pytest.mark.parametrize(
    ("seconds", "strike", "sigma"),
    [
        pytest.param(60, 100.2, 3.0, id="300 % a minute before the close"),
        pytest.param(900, 104.0, 3.5, id="a wing in the last quarter of an hour"),
        pytest.param(23_400, 90.0, 0.8, id="a put wing at the open"),
        pytest.param(90, 100.0, 0.03, id="dead calm"),
        pytest.param(31_536_000 * 2, 300.0, 0.6, id="two years, three times spot"),
    ],
)
def test_the_volatility_is_recovered(seconds: float, strike: float, sigma: float) -> None:
    right, t = (1 if strike >= 100 else -1), seconds / 31_536_000
    price = black_scholes.price(right, 100, strike, t, sigma, 0.04, 0.01)
    solved = implied_vol.compute([price], Contracts.of(right, 100, strike, t, 0.04, 0.01))

    assert solved.sigma[0] == pytest.approx(sigma, rel=1e-9)


CALL = Contracts.of(1, 100, 95, WEEK, 0.05, 0.0)
BOUND = float(CALL.bounds()[0][0])


@pytest.mark.parametrize(
    ("price", "status"),
    [
        pytest.param(BOUND - 0.01, IvStatus.BELOW_INTRINSIC, id="below"),
        pytest.param(BOUND, IvStatus.AT_INTRINSIC, id="on the bound"),
        pytest.param(BOUND + 0.05, IvStatus.OK, id="above"),
        pytest.param(100.0, IvStatus.ABOVE_MAX, id="as dear as the stock"),
        pytest.param(np.nan, IvStatus.NO_QUOTE, id="no price"),
        pytest.param(np.inf, IvStatus.NO_QUOTE, id="infinite"),
    ],
)
def test_price_status(price: float, status: IvStatus) -> None:
    solved = implied_vol.compute([price], CALL)

    assert solved.status[0] == status
    assert np.isfinite(solved.sigma[0]) == (status is IvStatus.OK)


def test_an_expired_contract_has_no_volatility() -> None:
    assert (
        implied_vol.compute([6.0], Contracts.of(1, 100, 95, 0.0, 0.05, 0.0)).status[0]
        == IvStatus.EXPIRED
    )


def test_a_volatility_beyond_the_domain_is_not_converged() -> None:
    price = black_scholes.price(1, 100, 100, 1e-4, 25.0, 0.0, 0.0)

    assert (
        implied_vol.compute([price], Contracts.of(1, 100, 100, 1e-4, 0, 0)).status[0]
        == IvStatus.NOT_CONVERGED
    )


@pytest.mark.parametrize(
    ("bid", "ask", "marks", "status"),
    [
        pytest.param(0.0, 0.0, {}, IvStatus.NO_QUOTE, id="zeros are no quote"),
        pytest.param(
            np.nan, np.nan, {"stale": True}, IvStatus.NO_QUOTE, id="no quote before stale"
        ),
        pytest.param(6.3, 6.2, {"stale": True}, IvStatus.CROSSED, id="crossed before stale"),
        pytest.param(0.0, 6.2, {"stale": True}, IvStatus.STALE, id="stale before no bid"),
        pytest.param(0.0, 6.2, {"wide": True}, IvStatus.NO_BID, id="no bid before wide"),
        pytest.param(5.2, 6.2, {"wide": True}, IvStatus.WIDE, id="wide before the price"),
        pytest.param(6.1, 6.2, {}, IvStatus.OK, id="a good quote"),
    ],
)
def test_the_first_status_of_a_quote_wins(
    bid: float, ask: float, marks: dict[str, bool], status: IvStatus
) -> None:
    solved = implied_vol.of_quotes([bid], [ask], CALL, **({"stale": False, "wide": False} | marks))

    assert solved.status[0] == status


def test_without_a_bid_only_the_ask_has_a_volatility() -> None:
    solved = implied_vol.of_quotes([0.0], [6.2], CALL, stale=False, wide=False)

    assert np.isnan(solved.iv_bid[0])
    assert np.isnan(solved.iv_mid[0])
    assert solved.iv_ask[0] > 0
