"""Percentiles of print size over sessions, without the prints (DOMAIN 3.19)."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import print_sizes
from analytics.calculators.print_sizes import State
from quanticity.config.loader import section
from quanticity.domain.market import Trade

SETTINGS = section("analytics.print_sizes", print_sizes.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
FEW = print_sizes.Settings(sessions=2, step_frac=0.02, rank=0.99, min_prints=1)


def prints(sizes, at: datetime = AT) -> list[Trade]:
    return [Trade("SPY", 100.0, s, at + timedelta(milliseconds=n)) for n, s in enumerate(sizes)]


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=200))
def test_the_percentile_is_known_to_half_a_step(sizes) -> None:
    notionals = [100.0 * size for size in sizes]
    exact = float(np.quantile(notionals, FEW.rank, method="inverted_cdf"))

    found, n = print_sizes.percentile(print_sizes.update(State(), prints(sizes), FEW), FEW)

    assert n == len(sizes)
    assert found == pytest.approx(exact, rel=0.0101)


@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=60), st.integers(1, 59))
def test_any_chunking_gives_the_same_state(sizes, cut: int) -> None:
    trades = prints(sizes)
    first = print_sizes.update(State(), trades[:cut], FEW)

    assert print_sizes.update(first, trades, FEW) == print_sizes.update(State(), trades, FEW)


def test_too_few_prints_say_nothing() -> None:
    state = print_sizes.update(State(), prints([10.0] * (SETTINGS.min_prints - 1)), SETTINGS)

    assert print_sizes.percentile(state, SETTINGS) is None


def test_sessions_beyond_the_window_are_forgotten() -> None:
    state = State()
    for days in (0, 3, 4):
        state = print_sizes.update(state, prints([10.0], AT + timedelta(days=days)), FEW)

    assert [day.session.day for day in state.days] == [24, 25]


def test_prints_outside_regular_hours_do_not_count() -> None:
    assert print_sizes.update(State(), prints([10.0], AT.replace(hour=2)), FEW).days == ()
