"""Walls, pins, max pain and pivots."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import levels
from analytics.calculators.levels import Strikes
from tests.analytics.toy_chains import PARTS

SETTINGS = PARTS.levels


def strikes(**table: tuple[float, float]) -> Strikes:
    rows = sorted((float(k.removeprefix("k")), call, put) for k, (call, put) in table.items())
    strike, call, put = (np.array(column) for column in zip(*rows, strict=True))
    return Strikes(strike, call, put)


BOARD = strikes(k90=(1, -9), k95=(2, -9), k100=(3, -3), k105=(9, -1), k110=(9, -1))


def test_walls_lie_on_their_side_and_ties_go_to_the_nearest() -> None:
    assert (levels.call_wall(BOARD, 100), levels.put_wall(BOARD, 100)) == (105, 95)


def test_the_key_strike_adds_calls_and_puts() -> None:
    assert levels.key_strike(BOARD, 99) == 95


@pytest.mark.parametrize(("spot", "wall"), [(111.0, None), (110.0, 110.0)])
def test_without_strikes_above_there_is_no_call_wall(spot: float, wall: float | None) -> None:
    assert levels.call_wall(BOARD, spot) == wall


def test_a_pin_must_be_near() -> None:
    assert levels.pin_strike(BOARD, 102.4, SETTINGS) == 105
    assert levels.pin_strike(BOARD, 120.0, SETTINGS) is None


def test_supports_and_resistances_are_heavy_and_nearest_first() -> None:
    assert levels.supports(BOARD, 100, SETTINGS) == (95.0, 90.0)
    assert levels.resistances(BOARD, 100, SETTINGS) == (105.0, 110.0)


def test_concentration_is_the_share_near_spot() -> None:
    assert levels.concentration(BOARD, 105, SETTINGS) == pytest.approx(8 / (8 + 8 + 7 + 8))
    assert levels.concentration(strikes(k100=(0, 0)), 100, SETTINGS) is None


CONTRACT = st.tuples(st.sampled_from([1.0, -1.0]), st.integers(80, 120), st.integers(0, 5000))


@settings(deadline=None)
@given(st.lists(CONTRACT, min_size=1, max_size=30))
def test_max_pain_is_the_least_total_payoff(rows: list[tuple[float, int, int]]) -> None:
    right, strike, interest = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    pain = {
        k: sum(n * max(w * (k - s), 0) for w, s, n in rows) for k in sorted({s for _, s, _ in rows})
    }

    assert levels.least_paid(right, strike, interest) == min(pain, key=lambda k: (pain[k], k))


def test_nobody_holds_anything_nobody_is_pained() -> None:
    assert levels.least_paid(np.array([]), np.array([]), np.array([])) is None


@settings(deadline=None)
@given(st.floats(1, 1e4), st.floats(0, 0.1), st.floats(0, 1))
def test_pivots_bracket_each_other(low: float, span: float, place: float) -> None:
    high = low * (1 + span)
    found = levels.pivots(high, low, low + place * (high - low))

    slack = 1e-9 * high
    assert found.s3 <= found.s2 + slack
    assert found.s2 <= found.s1 + slack
    assert found.s1 <= found.pp + slack
    assert found.pp <= found.r1 + slack
    assert found.r1 <= found.r2 + slack
    assert found.r2 <= found.r3 + slack


def test_no_volume_has_no_average_price() -> None:
    assert levels.vwap([(100.0, 0.0)]) is None
