"""Statistics of daily returns: vectors, properties, and what a sample cannot tell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quanticity import golden
from quanticity.domain.errors import MalformedInput
from reporting import vectors
from reporting.measures import performance
from reporting.measures.performance import Settings, Trials, compute

SETTINGS = Settings(sessions_per_year=252, confidence=0.95, min_trades=30)
returns = st.lists(st.floats(-0.2, 0.2).filter(lambda x: abs(x) > 1e-6), min_size=2, max_size=60)
spread_out = returns.filter(lambda daily: np.std(daily) > 1e-4)


def test_the_golden_vectors_hold(shared: Path) -> None:
    tally = golden.run(shared / "vectors" / "performance.json", vectors.CHECKS)

    assert tally.cases > 10
    assert tally.failures == []


def test_the_file_and_the_dataclass_agree(settings_of: Callable[[str, Any], Any]) -> None:
    assert settings_of("reporting.performance", Settings) == SETTINGS


@given(spread_out)
def test_moments_are_those_of_scipy(daily: list[float]) -> None:
    found = compute(daily, SETTINGS)

    assert found.skewness == pytest.approx(stats.skew(daily), rel=1e-9, abs=1e-9)
    assert found.kurtosis == pytest.approx(stats.kurtosis(daily, fisher=False), rel=1e-9)


@given(spread_out, st.floats(0.1, 5.0))
def test_leverage_leaves_the_sharpe_ratio(daily: list[float], leverage: float) -> None:
    plain = compute(daily, SETTINGS)
    levered = compute([leverage * r for r in daily], SETTINGS)

    assert levered.sharpe_per_day == pytest.approx(plain.sharpe_per_day, rel=1e-6)


@given(returns)
def test_drawdown_is_the_worst_loss_of_any_holder(daily: list[float]) -> None:
    equity = np.concatenate(([1.0], np.cumprod(1.0 + np.array(daily))))
    worst = min(
        equity[j] / equity[i] - 1.0 for i in range(len(equity)) for j in range(i, len(equity))
    )

    assert compute(daily, SETTINGS).max_drawdown == pytest.approx(worst, abs=1e-12)


@pytest.mark.parametrize(
    ("daily", "sessions"),
    [
        pytest.param([0.01, 0.02], 0, id="never below"),
        pytest.param([-0.01, 0.0, 0.02], 2, id="from the first session"),
        pytest.param([0.10, -0.05, 0.01, 0.20, -0.01], 2, id="longest of two"),
    ],
)
def test_duration_counts_sessions_below_the_peak(daily: list[float], sessions: int) -> None:
    assert compute(daily, SETTINGS).max_drawdown_sessions == sessions


@pytest.mark.parametrize(
    ("daily", "unknown"),
    [
        pytest.param(
            [], {"sharpe_annual", "total_return", "cagr", "max_drawdown"}, id="no session"
        ),
        pytest.param([0.01], {"sd", "sharpe_annual", "psr_vs_0"}, id="one session"),
        pytest.param([0.01, 0.01], {"sharpe_annual", "sortino_annual", "psr_vs_0"}, id="no spread"),
        pytest.param([0.01, 0.02], {"sortino_annual", "calmar"}, id="nothing lost"),
        pytest.param([-0.01, -0.02], {"min_trl_days_95"}, id="nothing won"),
        pytest.param([0.5, -1.0], {"cagr", "calmar"}, id="all lost"),
    ],
)
def test_what_the_sample_cannot_give_is_none(daily: list[float], unknown: set[str]) -> None:
    found = compute(daily, SETTINGS)

    assert {name for name in unknown if getattr(found, name) is not None} == set()


def test_without_trials_nothing_is_deflated() -> None:
    found = compute([0.01, -0.02, 0.03], SETTINGS)

    assert (found.dsr, found.sr0_per_day) == (None, None)


@given(st.integers(2, 1_000), st.floats(1e-6, 1.0))
def test_more_trials_raise_the_bar(n: int, variance: float) -> None:
    bars = [performance.expected_best(Trials(count, variance)) for count in (n, 2 * n)]

    assert bars[0] < bars[1]  # type: ignore[operator]


def test_a_return_that_is_no_number_is_refused() -> None:
    with pytest.raises(MalformedInput, match="finite"):
        compute([0.01, float("nan")], SETTINGS)
