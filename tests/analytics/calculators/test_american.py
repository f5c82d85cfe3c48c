"""American options against a plain binomial tree and the European value."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import american, black_scholes
from quanticity.config.loader import section

SETTINGS = section("analytics.american", american.Settings)
COARSE = american.Settings(steps=201)


def binomial(
    w: int, s: float, k: float, t: float, sigma: float, r: float, q: float, steps: int = 800
) -> float:
    """Cox, Ross and Rubinstein, written out."""
    dt = t / steps
    up = math.exp(sigma * math.sqrt(dt))
    p = (math.exp((r - q) * dt) - 1 / up) / (up - 1 / up)
    values = [max(w * (s * up ** (2 * j - steps) - k), 0) for j in range(steps + 1)]
    for step in range(steps - 1, -1, -1):
        values = [
            max(
                math.exp(-r * dt) * (p * values[j + 1] + (1 - p) * values[j]),
                w * (s * up ** (2 * j - step) - k),
            )
            for j in range(step + 1)
        ]
    return values[0]


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param((-1, 100, 110, 0.25, 0.3, 0.05, 0.0), id="put in the money"),
        pytest.param((1, 100, 90, 0.25, 0.25, 0.03, 0.08), id="call on a high dividend"),
        pytest.param((-1, 100, 95, 0.5, 0.2, 0.06, 0.01), id="put out of the money"),
    ],
)
def test_price_agrees_with_the_binomial_tree(contract: tuple[float, ...]) -> None:
    found = american.compute(*contract, settings=SETTINGS)  # type: ignore[arg-type]

    assert found.price == pytest.approx(binomial(*contract), abs=0.01)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.floats(80, 120), st.floats(0.02, 1), st.floats(0.1, 0.8))
def test_a_call_without_dividends_is_european(k: float, t: float, sigma: float) -> None:
    found = american.compute(1, 100, k, t, sigma, 0.05, 0.0, settings=COARSE)

    assert found.price == pytest.approx(
        float(black_scholes.price(1, 100, k, t, sigma, 0.05, 0.0)), abs=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([1, -1]),
    st.floats(80, 120),
    st.floats(0.02, 1),
    st.floats(0.1, 0.8),
    st.floats(0, 0.08),
)
def test_early_exercise_is_never_worth_less_than_nothing(
    w: int, k: float, t: float, sigma: float, q: float
) -> None:
    found = american.compute(w, 100, k, t, sigma, 0.05, q, settings=COARSE)

    assert found.early_exercise_premium >= 0
    assert found.price >= max(w * (100 - k), 0) - 1e-6


def test_at_expiry_the_payoff_is_left() -> None:
    assert american.compute(-1, 90, 100, 0.0, 0.2, 0.05, 0.0, settings=SETTINGS).price == 10.0


def test_drift_of_a_european_call_is_vanna_and_charm() -> None:
    contract = (1, 100, 105, 0.25, 0.3, 0.05, 0.0)
    found, closed = american.drift(*contract, settings=SETTINGS), black_scholes.greeks(*contract)

    assert found.vanna_per_volpt == pytest.approx(float(closed.vanna_per_volpt), rel=0.02)
    assert found.charm_per_day == pytest.approx(float(closed.charm_per_day), rel=0.05)
