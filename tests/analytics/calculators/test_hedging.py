"""Hedging elasticity, its beta and its volume."""

import numpy as np
import pytest

from analytics.calculators import hedging
from analytics.calculators.hedging import Hedging
from quanticity.config.loader import section
from tests.analytics.toy_chains import INVENTORY, chain, priced

SETTINGS = section("analytics.hedging", hedging.Settings)
P = priced(chain(interest=lambda _, w: 300 if w > 0 else 20)).priced


def compute(**options):  # type: ignore[no-untyped-def]
    answer = hedging.compute(P, INVENTORY, beta_volpts_per_1pct=-0.3, **options)
    assert isinstance(answer, Hedging)
    return answer


def test_long_gamma_damps() -> None:
    assert compute(adv_usd=1e10).elasticity_gamma < 0


def test_parts_make_the_total() -> None:
    found = compute(adv_usd=1e10)

    assert (
        found.hedge_shares_per_1pct
        == found.hedge_gamma_shares_per_1pct + found.hedge_vanna_shares_per_1pct
    )
    assert found.elasticity_total == pytest.approx(found.hedge_shares_per_1pct * 600 / 1e10)


def test_without_volume_there_is_no_elasticity() -> None:
    assert compute().elasticity_total is None
    assert compute().reasons["elasticity_total"] == "NO_DATA"


RETURNS = np.linspace(-2, 2, 60)


@pytest.mark.parametrize(
    ("returns", "changes", "beta"),
    [
        pytest.param(RETURNS, -0.8 * RETURNS + 0.1, -0.8, id="a line"),
        pytest.param(RETURNS, -9 * RETURNS, -3.0, id="clipped below"),
        pytest.param(RETURNS, 2 * RETURNS, 0.5, id="clipped above"),
        pytest.param(RETURNS[:29], RETURNS[:29], -0.3, id="too few sessions"),
        pytest.param(np.zeros(60), RETURNS, -0.3, id="no moves"),
        pytest.param(
            np.append(50 * np.ones(40), RETURNS),
            np.append(np.ones(40), -RETURNS),
            -1.0,
            id="only the last 60",
        ),
    ],
)
def test_beta(returns: np.ndarray, changes: np.ndarray, beta: float) -> None:
    assert hedging.beta(list(returns), list(changes), SETTINGS) == pytest.approx(beta)


@pytest.mark.parametrize(
    ("days", "mean"), [([1.0] * 14, None), ([1.0] * 15, 1.0), ([9.0] * 5 + [1.0] * 20, 1.0)]
)
def test_average_daily_volume(days: list[float], mean: float | None) -> None:
    assert hedging.average_daily_usd(days, SETTINGS) == mean
