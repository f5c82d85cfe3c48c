"""The volatility regime rises quickly and falls slowly (DOMAIN 3.17)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import volatility
from analytics.calculators.volatility import Sample, Sources, State, VolRegime
from quanticity.config.loader import section
from quanticity.domain.readings import Unavailable

SETTINGS = section("analytics.volatility", volatility.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
TODAY = AT.date()
QUIET = [15.0 + 0.5 * (n % 2) for n in range(30)]


def follow(
    values: Sequence[float | None],
    state: State | None = None,
    *,
    start: int = 0,
    kind: str = "r_day",
    day: date = TODAY,
) -> State:
    state = state or State()
    for n, x in enumerate(values):
        state = volatility.update(
            state, Sample(AT + timedelta(minutes=start + n), day, x, kind), SETTINGS
        )
    return state


def regimes(values: Sequence[float]) -> list[str]:
    return [str(follow(values[: n + 1]).regime) for n in range(len(values))]


@pytest.mark.parametrize(
    ("values", "regime"),
    [
        pytest.param([40.0], VolRegime.SHOCK, id="first sample sets the state"),
        pytest.param([*QUIET, 36.0], VolRegime.SHOCK, id="shock by level at once"),
        pytest.param([*QUIET, 15.5, 20.6], VolRegime.SHOCK, id="shock by a rise of five"),
        pytest.param([*QUIET, 26.0 - 7], VolRegime.NORMAL, id="one high sample is not enough"),
        pytest.param([24.0] * 30 + [25.5, 25.5], VolRegime.ELEVATED, id="two samples elevate"),
        pytest.param([*QUIET, *[10.0] * 4], VolRegime.NORMAL, id="four calm samples"),
        pytest.param([*QUIET, *[10.0] * 5], VolRegime.BENIGN, id="five calm samples"),
    ],
)
def test_the_way_into_a_regime(values: list[float], regime: VolRegime) -> None:
    assert follow(values).regime is regime


def test_a_shock_lasts_ten_minutes_at_least() -> None:
    found = regimes([40.0, *[15.0] * 12])

    assert found[:10] == ["SHOCK"] * 10
    assert found[10] == "NORMAL"


@pytest.mark.parametrize(
    ("last", "regime"),
    [
        pytest.param(30.4, VolRegime.ELEVATED, id="rising by 2.4 points"),
        pytest.param(30.5, VolRegime.SHOCK, id="rising by 2.5 points"),
        pytest.param(31.5, VolRegime.SHOCK, id="still at 31.5 points"),
    ],
)
def test_a_shock_that_still_rises_is_not_over(last: float, regime: VolRegime) -> None:
    """Ten minutes after it began, below 31.5 points, and 2.5 above five samples ago."""
    assert follow([40.0, *[28.0] * 9, last]).regime is regime


def test_a_fall_is_a_crush_and_no_shock() -> None:
    state = follow([*[24.0] * 30, 18.0])
    found = volatility.compute(state, Sources(), AT, SETTINGS)

    assert isinstance(found, volatility.Volatility)
    assert found.vol_crush
    assert found.regime is not VolRegime.SHOCK


def test_a_missing_sample_holds_the_state() -> None:
    state = follow(QUIET)

    assert follow([None], state, start=99) == state


def test_a_sample_taken_twice_counts_once() -> None:
    state = follow(QUIET)

    assert follow(QUIET[-1:], state, start=len(QUIET) - 1) == state


def test_another_kind_restarts_the_differences_and_keeps_the_regime() -> None:
    state = follow([22.0], follow(QUIET), start=40, kind="vix1d")

    assert (state.regime, state.z, state.rise_short) == (VolRegime.NORMAL, None, None)


def test_a_night_restarts_the_differences_and_keeps_z() -> None:
    state = follow([15.2], follow(QUIET), start=1_440, day=date(2025, 11, 24))

    assert state.rise_short is None
    assert state.z is not None


def test_before_the_first_sample_nothing_is_said() -> None:
    assert isinstance(volatility.compute(State(), Sources(), AT, SETTINGS), Unavailable)


def test_sources_are_published_with_their_disagreement() -> None:
    sources = Sources(r_day=15.0, vix1d={"ibkr": 14.0, "yahoo": 14.5}, daily_closes=[10.0, 20.0])
    found = volatility.compute(follow(QUIET), sources, AT + timedelta(hours=1), SETTINGS)

    assert isinstance(found, volatility.Volatility)
    assert (found.vix1d, found.disagree_volpts, found.percentile_252d) == (14.0, 0.5, 0.5)
    assert found.vol_regime_age_s == 3_600
    assert found.reasons["r_next"] == "NO_DATA"


@given(st.lists(st.floats(5, 60), min_size=1, max_size=60))
def test_the_regime_never_leaves_shock_early(values: list[float]) -> None:
    state = follow([40.0])
    for n, x in enumerate(values[:9]):
        state = follow([x], state, start=n + 1)

    assert state.regime is VolRegime.SHOCK


@given(st.lists(st.floats(5, 60), min_size=1, max_size=40), st.integers(0, 40))
def test_any_chunking_ends_in_the_same_state(values: list[float], cut: int) -> None:
    assert follow(values[cut:], follow(values[:cut]), start=len(values[:cut])) == follow(values)
