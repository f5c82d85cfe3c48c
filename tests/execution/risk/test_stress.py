"""VaR and the stress grid against slow oracles (DOMAIN 6.15)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.risk import stress
from quanticity.config.loader import section

SETTINGS = section("execution.stress", stress.Settings)
COVARIANCE = np.array([[0.0001, 0.00008], [0.00008, 0.0002]])


def test_the_grid_has_every_pair_of_moves_and_none() -> None:
    found = stress.grid(SETTINGS)

    assert len(found) == len(set(found)) == 15
    assert (0.0, 0.0) in found
    assert (-0.05, 5.0) in found


@pytest.mark.parametrize(("pnl", "worst"), [([-3.0, 2.0], 3.0), ([1.0, 2.0], 0.0), ([], 0.0)])
def test_the_worst_cell_is_a_positive_loss(pnl: list[float], worst: float) -> None:
    cells = stress.cells([(0.0, 0.0)] * len(pnl), pnl)

    assert stress.worst_loss_usd(cells) == worst


def test_a_hundred_sessions_of_known_losses() -> None:
    pnl = [-float(n) for n in range(1, 101)]

    assert stress.historical_usd(pnl, SETTINGS) == 95.0


def test_too_few_sessions_are_no_history() -> None:
    assert stress.historical_usd([-1.0] * 19, SETTINGS) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=300))
def test_at_most_one_session_in_twenty_loses_more(pnl: list[float]) -> None:
    var = stress.historical_usd(pnl, SETTINGS)

    assert var is not None
    assert var >= 0
    assert sum(-x > var for x in pnl) <= 0.05 * len(pnl)


def test_delta_alone_is_the_textbook_figure() -> None:
    found = stress.parametric_usd([10_000, 0], [0, 0], COVARIANCE, SETTINGS)

    assert found == pytest.approx(1.645 * 10_000 * 0.01)


def test_delta_gamma_has_the_moments_of_a_simulation() -> None:
    delta, gamma = np.array([20_000.0, -5_000.0]), np.array([-3_000.0, 1_000.0])
    x = np.random.default_rng(7).multivariate_normal([0, 0], COVARIANCE, 400_000)
    pnl = x @ delta + 50 * (x * x) @ gamma

    found = stress.parametric_usd(delta, gamma, COVARIANCE, SETTINGS)

    assert found == pytest.approx(1.645 * pnl.std() - pnl.mean(), rel=0.01)


def test_the_worse_of_what_is_known() -> None:
    assert stress.worse(None, 3.0, 2.0) == 3.0
    assert stress.worse(None, None) is None
