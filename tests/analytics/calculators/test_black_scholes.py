"""Prices and Greeks against parity, finite differences and the limit at expiry."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import black_scholes as bs

STRIKES = st.floats(70, 140)
YEARS = st.floats(0.01, 2)
SIGMAS = st.floats(0.08, 1.5)
RATES = st.floats(-0.01, 0.08)
CONTRACTS = st.tuples(STRIKES, YEARS, SIGMAS, RATES, RATES)


def price(w: int, s: float, k: float, t: float, sigma: float, r: float, q: float) -> float:
    """The textbook, with the standard library's error function."""
    d1 = (math.log(s / k) + (r - q + sigma**2 / 2) * t) / (sigma * math.sqrt(t))
    d2 = d1 - sigma * math.sqrt(t)
    n1, n2 = (0.5 * math.erfc(-w * d / math.sqrt(2)) for d in (d1, d2))
    return w * (s * math.exp(-q * t) * n1 - k * math.exp(-r * t) * n2)


@settings(deadline=None)
@given(CONTRACTS, st.sampled_from([1, -1]))
def test_price_is_the_textbook_price(contract: tuple[float, ...], w: int) -> None:
    assert float(bs.price(w, 100, *contract)) == pytest.approx(price(w, 100, *contract), abs=1e-11)


@settings(deadline=None)
@given(CONTRACTS)
def test_call_less_put_is_the_forward(contract: tuple[float, ...]) -> None:
    k, t, _, r, q = contract
    gap = bs.price(1, 100, *contract) - bs.price(-1, 100, *contract)

    assert float(gap) == pytest.approx(100 * math.exp(-q * t) - k * math.exp(-r * t), abs=1e-10)


@settings(deadline=None)
@given(CONTRACTS)
def test_parity_of_the_greeks(contract: tuple[float, ...]) -> None:
    call, put = (bs.greeks(w, 100, *contract) for w in (1, -1))
    _, t, _, _, q = contract

    assert call.gamma == put.gamma
    assert call.vega_per_volpt == put.vega_per_volpt
    assert call.vanna_per_volpt == put.vanna_per_volpt
    assert float(call.delta - put.delta) == pytest.approx(math.exp(-q * t), abs=1e-12)
    assert float(call.charm_per_day - put.charm_per_day) == pytest.approx(
        q * math.exp(-q * t) / 365, abs=1e-12
    )


@settings(deadline=None)
@given(CONTRACTS, st.sampled_from([1, -1]))
def test_greeks_are_the_slopes_of_price_and_delta(contract: tuple[float, ...], w: int) -> None:
    k, t, sigma, r, q = contract
    found = bs.greeks(w, 100, *contract)
    up, down = 100 * (1 + 1e-5), 100 * (1 - 1e-5)
    h, year = 1e-5, 1e-6

    def slope(f, high, low, width):  # type: ignore[no-untyped-def]
        return float((f(*high) - f(*low)) / width)

    spot = ((w, up, k, t, sigma, r, q), (w, down, k, t, sigma, r, q), up - down)
    vol = ((w, 100, k, t, sigma + h, r, q), (w, 100, k, t, sigma - h, r, q), 2 * h)
    time = ((w, 100, k, t - year, sigma, r, q), (w, 100, k, t + year, sigma, r, q), 2 * year)
    rate = ((w, 100, k, t, sigma, r + h, q), (w, 100, k, t, sigma, r - h, q), 2 * h)
    assert float(found.delta) == pytest.approx(slope(bs.price, *spot), rel=1e-4, abs=1e-6)
    assert float(found.gamma) == pytest.approx(slope(bs.delta, *spot), rel=1e-4, abs=1e-6)
    assert float(found.vega_per_volpt) == pytest.approx(
        0.01 * slope(bs.price, *vol), rel=1e-4, abs=1e-7
    )
    assert float(found.vanna_per_volpt) == pytest.approx(
        0.01 * slope(bs.delta, *vol), rel=1e-4, abs=1e-7
    )
    assert float(found.theta_per_day) == pytest.approx(
        slope(bs.price, *time) / 365, rel=1e-4, abs=1e-6
    )
    assert float(found.charm_per_day) == pytest.approx(
        slope(bs.delta, *time) / 365, rel=1e-4, abs=1e-6
    )
    assert float(found.rho_per_1pct) == pytest.approx(
        0.01 * slope(bs.price, *rate), rel=1e-4, abs=1e-6
    )


@pytest.mark.parametrize(
    ("w", "spot", "value", "delta"),
    [
        pytest.param(1, 110.0, 10.0, 1.0, id="call in the money"),
        pytest.param(1, 100.0, 0.0, 0.5, id="call at the strike"),
        pytest.param(1, 90.0, 0.0, 0.0, id="call out of the money"),
        pytest.param(-1, 90.0, 10.0, -1.0, id="put in the money"),
        pytest.param(-1, 100.0, 0.0, -0.5, id="put at the strike"),
        pytest.param(-1, 110.0, 0.0, 0.0, id="put out of the money"),
    ],
)
def test_at_expiry_only_the_payoff_is_left(w: int, spot: float, value: float, delta: float) -> None:
    found = bs.greeks(w, spot, 100, 0.0, 0.2, 0.04, 0.01)

    assert (float(found.price), float(found.delta)) == (value, delta)
    assert float(found.gamma) == float(found.charm_per_day) == float(found.vanna_per_volpt) == 0.0


def test_one_day_before_expiry_charm_ends_at_the_payoff() -> None:
    passed = bs.charm_decay(1, 100, 101, 0.5 / 365, 0.2, 0.04, 0.01)

    assert float(passed) == pytest.approx(-float(bs.delta(1, 100, 101, 0.5 / 365, 0.2, 0.04, 0.01)))


def test_columns_and_scalars_agree() -> None:
    strikes = np.array([90.0, 100.0, 110.0])
    column = bs.greeks(1, 100, strikes, 0.1, 0.2, 0.04, 0.01).gamma

    assert column.tolist() == [
        float(bs.greeks(1, 100, k, 0.1, 0.2, 0.04, 0.01).gamma) for k in strikes
    ]


def test_a_missing_volatility_stays_missing() -> None:
    assert np.isnan(bs.greeks(1, 100, 100, 0.1, np.nan, 0.04, 0.01).gamma)
