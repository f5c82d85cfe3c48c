"""Statistics of closed trades: flats, missing denominators, Wilson's interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quanticity.domain.proportions import wilson
from reporting.measures import trades
from reporting.measures.performance import Settings

SETTINGS = Settings(sessions_per_year=252, confidence=0.95, min_trades=3)


@given(st.integers(1, 500), st.floats(0.0, 1.0), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_interval_is_that_of_scipy(n: int, share: float, confidence: float) -> None:
    wins = round(share * n)
    theirs = stats.binomtest(wins, n).proportion_ci(confidence, method="wilson")

    ours = wilson(wins, n, confidence)

    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


def test_flats_count_in_the_expectancy_only() -> None:
    found = trades.compute([100.0, -50.0, 0.0], SETTINGS)

    assert (found.win_rate, found.flats) == (0.5, 1)
    assert found.expectancy_usd == pytest.approx(50.0 / 3)


@pytest.mark.parametrize(
    ("pnl", "unknown"),
    [
        pytest.param([], {"win_rate", "expectancy_usd", "profit_factor"}, id="no trade"),
        pytest.param([10.0], {"profit_factor", "payoff_ratio", "avg_loss_usd"}, id="no loss"),
        pytest.param([-10.0], {"payoff_ratio", "avg_win_usd"}, id="no win"),
        pytest.param([0.0], {"win_rate", "win_rate_low", "win_rate_high"}, id="only flats"),
    ],
)
def test_what_trades_cannot_give_is_none(pnl: list[float], unknown: set[str]) -> None:
    found = trades.compute(pnl, SETTINGS)

    assert {name for name in unknown if getattr(found, name) is not None} == set()


@pytest.mark.parametrize(
    ("n", "sufficient"), [pytest.param(2, False, id="below"), pytest.param(3, True, id="at")]
)
def test_few_trades_are_called_insufficient(n: int, *, sufficient: bool) -> None:
    assert trades.compute([1.0] * n, SETTINGS).sufficient is sufficient
