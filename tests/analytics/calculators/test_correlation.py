"""Correlation from running sums, pair by pair (DOMAIN 3.18)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import numpy as np
import pytest

from analytics.calculators import correlation
from analytics.calculators.correlation import Correlation, State
from quanticity.config.loader import section
from quanticity.domain.readings import Unavailable

SETTINGS = replace(section("analytics.correlation", correlation.Settings), window=50, min_common=20)
SYMBOLS = ("SPY", "QQQ", "IWM")
AT = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)


def walk(n: int, seed: int = 7) -> list[dict[str, float]]:
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 1e-3, n)
    own = rng.normal(0, 5e-4, (n, 3)) + market[:, np.newaxis]
    prices = 100 * np.exp(own.cumsum(axis=0))
    return [dict(zip(SYMBOLS, map(float, row), strict=True)) for row in prices]


def follow(closes: list[dict[str, float]]) -> State:
    timed = enumerate(closes)
    return reduce(
        lambda state, each: correlation.update(
            state, AT + timedelta(minutes=each[0]), each[1], SETTINGS
        ),
        timed,
        State(SYMBOLS),
    )


def matrix(closes: list[dict[str, float]]) -> Correlation:
    found = correlation.compute(follow(closes), SETTINGS)
    assert isinstance(found, Correlation)
    return found


@pytest.mark.parametrize("n", [30, 51, 52, 100, 151, 200])
def test_running_sums_agree_with_numpy(n: int) -> None:
    closes = walk(n)
    returns = np.diff(np.log([[row[s] for s in SYMBOLS] for row in closes]), axis=0)[-50:]

    assert np.array(matrix(closes).matrix) == pytest.approx(np.corrcoef(returns.T), abs=1e-9)


def test_a_pair_is_judged_on_the_minutes_it_has() -> None:
    closes = walk(45)
    for row in closes[10:20]:
        del row["IWM"]

    found = matrix(closes)

    assert found.n_common == ((44, 44, 33), (44, 44, 33), (33, 33, 33))


def test_a_pair_without_enough_common_minutes_is_missing() -> None:
    closes = walk(45)
    for row in closes[:30]:
        del row["IWM"]

    assert matrix(closes).matrix[0][2] is None
    assert matrix(closes).matrix[0][1] is not None


def test_pairs_that_move_together_are_named() -> None:
    pairs = {(pair.a, pair.b) for pair in matrix(walk(100)).high_pairs}

    assert pairs == {("SPY", "QQQ"), ("SPY", "IWM"), ("QQQ", "IWM")}


def test_a_gap_gives_no_return() -> None:
    state = follow(walk(30))
    later = correlation.update(state, AT + timedelta(days=1), {"SPY": 500.0}, SETTINGS)

    assert later.rows == state.rows


def test_an_instant_taken_twice_counts_once() -> None:
    state = follow(walk(30))

    assert correlation.update(state, AT, {"SPY": 500.0}, SETTINGS) == state


def test_a_flat_symbol_has_no_correlation() -> None:
    closes = [row | {"IWM": 100.0} for row in walk(60)]

    assert matrix(closes).matrix[2] == (None, None, None)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(State(("SPY", "QQQ")), id="two symbols"),
        pytest.param(State(SYMBOLS), id="no returns"),
        pytest.param(follow(walk(10)), id="too few minutes"),
    ],
)
def test_without_data_it_is_unavailable(state: State) -> None:
    assert isinstance(correlation.compute(state, SETTINGS), Unavailable)
