"""VPIN: any chunking, either side, only regular hours, never a neutral number (DOMAIN 3.9)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import NormalDist, fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from analytics.calculators import vpin
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.domain.market import Bar
from quanticity.domain.readings import Unavailable

PRODUCTION = section("analytics.vpin", vpin.Settings)
SETTINGS = replace(PRODUCTION, n=3, sigma_bars=20, min_sigma_bars=5, cdf_min=2, cdf_sessions=2)
OPEN = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
START = vpin.State(bucket_shares=1_000)
STEPS = st.lists(
    st.tuples(st.floats(-0.5, 0.5).map(lambda m: round(m, 3)), st.integers(0, 3_000)),
    min_size=30,
    max_size=60,
)


def minutes(
    steps: Sequence[tuple[float, float]], start: datetime = OPEN, price: float = 100.0
) -> list[Bar]:
    closes = [price + sum(move for move, _ in steps[: n + 1]) for n in range(len(steps))]
    opens = [price, *closes]
    return [
        Bar(
            "SPY",
            start + timedelta(minutes=n),
            opens[n],
            max(opens[n], close),
            min(opens[n], close),
            close,
            volume,
            close,
            12,
        )
        for n, (close, (_, volume)) in enumerate(zip(closes, steps, strict=True))
    ]


def textbook(steps: Sequence[tuple[float, float]], size: float, n: int, least: int) -> float:
    """VPIN share by share: each bar's fraction by the sigma known at its end."""
    shares: list[float] = []
    known: list[tuple[float, float]] = []
    waiting: list[tuple[float, float]] = []
    for step in steps:
        known, waiting = [*known, step][-20:], [*waiting, step]
        if len(known) >= least:
            total = sum(v for _, v in known)
            mean = sum(v * m for m, v in known) / total
            sigma = (sum(v * (m - mean) ** 2 for m, v in known) / total) ** 0.5
            shares += [NormalDist().cdf(m / sigma) for m, v in waiting for _ in range(int(v))]
            waiting = []
    full = [shares[i : i + int(size)] for i in range(0, len(shares) - int(size) + 1, int(size))]
    return fmean(abs(2 * sum(bucket) - size) / size for bucket in full[-n:])


def value(bars: Sequence[Bar], settings: vpin.Settings = SETTINGS) -> vpin.Vpin:
    found = vpin.compute(vpin.update(START, bars, settings), settings)
    assert isinstance(found, vpin.Vpin)
    return found


def test_it_is_the_mean_imbalance_of_the_last_full_buckets() -> None:
    steps = [(0.1 * (-1) ** n + 0.01 * n, 400 + 37 * n) for n in range(30)]

    assert value(minutes(steps)).vpin == pytest.approx(textbook(steps, 1_000, 3, 5), rel=1e-9)


@given(STEPS, st.lists(st.integers(0, 60), max_size=4))
def test_any_chunking_ends_in_the_same_state(
    steps: list[tuple[float, float]], cuts: list[int]
) -> None:
    bars = minutes(steps)
    edges = [0, *sorted(cuts), len(bars)]

    state = START
    for start, end in pairwise(edges):
        state = vpin.update(state, bars[start:end], SETTINGS)

    assert state == vpin.update(START, bars, SETTINGS)


@given(STEPS)
def test_swapping_buyers_and_sellers_changes_nothing(steps: list[tuple[float, float]]) -> None:
    mirrored = [(-move, volume) for move, volume in steps]
    ours, theirs = (vpin.update(START, minutes(each), SETTINGS) for each in (steps, mirrored))

    assert ours.imbalances == pytest.approx(theirs.imbalances, abs=1e-9)


@given(STEPS)
def test_it_lies_between_balanced_and_one_sided(steps: list[tuple[float, float]]) -> None:
    assert all(0 <= each <= 1 for each in vpin.update(START, minutes(steps), SETTINGS).imbalances)


def test_a_price_that_never_moves_is_balanced() -> None:
    assert value(minutes([(0.0, 500)] * 20)).vpin == 0


def test_too_few_buckets_are_unavailable_not_neutral() -> None:
    found = vpin.compute(vpin.update(START, minutes([(0.1, 500)] * 5), SETTINGS), SETTINGS)

    assert found == Unavailable("vpin", "INSUFFICIENT_BUCKETS", "2 of 3 buckets")


def test_bars_wait_unpoured_until_sigma_is_known() -> None:
    state = vpin.update(START, minutes([(0.1, 5_000)] * 4), SETTINGS)

    assert (len(state.waiting), state.n_completed) == (4, 0)
    assert vpin.update(state, minutes([(0.1, 5_000)] * 5), SETTINGS).n_completed == 25


def test_bars_seen_before_are_passed_over() -> None:
    bars = minutes([(0.1, 500), (-0.2, 700)] * 10)
    state = vpin.update(START, bars, SETTINGS)

    assert vpin.update(state, bars, SETTINGS) == state


def test_only_regular_hours_count() -> None:
    early = minutes([(0.1, 500)] * 30, start=OPEN - timedelta(hours=1))

    assert vpin.update(START, early, SETTINGS).moves == ()


def test_a_session_begins_at_its_own_open() -> None:
    friday = vpin.update(START, minutes([(0.1, 500)]), SETTINGS)
    monday = minutes([(0.3, 500)], start=calendar.session(date(2025, 11, 24)).open_at, price=150)

    assert vpin.update(friday, monday, SETTINGS).moves[-1][0] == pytest.approx(0.3)


def test_a_new_bucket_size_begins_with_a_session() -> None:
    state = vpin.update(START, minutes([(0.1, 500)] * 5), SETTINGS, bucket_shares=2_000)

    assert state.bucket_shares == 2_000
    assert (
        vpin.update(state, minutes([(0.1, 500)] * 6), SETTINGS, bucket_shares=9).bucket_shares
        == 2_000
    )


def test_the_rank_needs_a_past() -> None:
    found = value(minutes([(0.1, 500), (-0.3, 900)] * 4), replace(SETTINGS, cdf_min=100))

    assert (found.vpin_cdf, found.alarm) == (None, None)
    assert found.reasons["vpin_cdf"] == "INSUFFICIENT_SAMPLES"


def test_the_highest_alarm_that_is_reached_is_told() -> None:
    calm = [(0.01 * (-1) ** n, 500) for n in range(80)]

    found = value(minutes([*calm, (0.9, 3_000)]))

    assert found.vpin_cdf == 1
    assert found.alarm == 0.99


def test_sides_of_prints_give_a_companion() -> None:
    bars = minutes([(0.1, 500), (-0.2, 700)] * 10)
    sides = {bar.open_at: 0.75 for bar in bars}

    found = vpin.compute(vpin.update(START, bars, SETTINGS, by_sides=sides), SETTINGS)

    assert isinstance(found, vpin.Vpin)
    assert found.vpin_signed == pytest.approx(0.5)
    assert value(bars).reasons["vpin_signed"] == "NO_DATA"


@pytest.mark.parametrize(
    ("kept", "expected"), [(1, {24}), (2, {21, 24}), (3, {20, 21, 24}), (9, {19, 20, 21, 24})]
)
def test_only_so_many_sessions_are_remembered(kept: int, expected: set[int]) -> None:
    state, settings = START, replace(SETTINGS, cdf_sessions=kept)
    for day in (19, 20, 21, 24):
        opened = calendar.session(date(2025, 11, day)).open_at
        bars = minutes([(0.1, 500), (-0.3, 900)] * 20, start=opened)
        state = vpin.update(state, bars, settings)

    assert {past.session.day for past in state.past} == expected


def test_a_state_survives_its_own_json() -> None:
    bars = minutes([(0.1, 500), (-0.2, 700)] * 10)
    state = vpin.update(START, bars, SETTINGS)
    adapter = TypeAdapter(vpin.State)

    assert adapter.validate_json(adapter.dump_json(state)) == state


@pytest.mark.parametrize(
    ("daily", "expected"),
    [
        pytest.param([], None, id="no session yet"),
        pytest.param([0.0], None, id="nothing traded"),
        pytest.param([50_000_000.0] * 30, 1_000_000.0, id="a fiftieth of the average day"),
        pytest.param([1.0, *[5_000.0] * 20], 100.0, id="twenty sessions count"),
    ],
)
def test_the_bucket_is_a_fraction_of_the_average_day(
    daily: list[float], expected: float | None
) -> None:
    assert vpin.bucket_shares(daily, PRODUCTION) == expected


@pytest.mark.parametrize(
    "field", [{"volume": float("nan")}, {"volume": -1.0}, {"close": 0.0}, {"open": float("inf")}]
)
def test_an_impossible_bar_is_a_gap_that_is_counted(field: dict[str, float]) -> None:
    first, second, third = minutes([(0.1, 500), (0.2, 300), (-0.1, 400)])
    holed = [first, replace(second, **field), third]

    found = vpin.update(START, holed, SETTINGS)

    assert found.n_refused_bars == 1
    assert replace(found, n_refused_bars=0) == vpin.update(START, [first, third], SETTINGS)
    assert vpin.update(found, holed, SETTINGS) == found


def test_an_impossible_bucket_is_refused() -> None:
    with pytest.raises(MalformedInput, match="bucket size"):
        vpin.update(vpin.State(bucket_shares=0), [], SETTINGS)
