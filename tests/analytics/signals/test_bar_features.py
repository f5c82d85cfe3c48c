"""What bars say, against a slow second opinion, and never from the future (DOMAIN 5.1)."""

import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from analytics.signals import bar_features
from quanticity.domain import calendar
from quanticity.domain.market import Bar

OPEN = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
NOON = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
PER_SESSION = 78


def opens(count: int, minutes: int, last_end: datetime) -> list[datetime]:
    """Beginnings of the last bars of regular hours before an instant, oldest first."""
    found: list[datetime] = []
    session = calendar.session(calendar.session_date(last_end))
    while len(found) < count:
        at = min(session.close_at, last_end) - timedelta(minutes=minutes)
        while at >= session.open_at and len(found) < count:
            found.append(at)
            at -= timedelta(minutes=minutes)
        session = calendar.previous_session(session.date)
    return found[::-1]


def walk(count: int, minutes: int, last_end: datetime, seed: int = 1) -> list[Bar]:
    """Bars of a seeded walk, the last of which ends at an instant."""
    rng = random.Random(seed)
    bars, price = [], 600.0
    for open_at in opens(count, minutes, last_end):
        begin, price = price, price * (1 + rng.gauss(0, 0.0004))
        top, low = max(begin, price) + rng.random() / 5, min(begin, price) - rng.random() / 5
        bars.append(Bar("SPY", open_at, begin, top, low, price, rng.randint(100, 900), price))
    return bars


FIVES = walk(600, 5, NOON)
MINUTES = walk(150, 1, NOON)
MAX_AGE_S = 420.0
FOUND = bar_features.compute(MINUTES, FIVES, 600.0, NOON, MAX_AGE_S)


NAMES = {
    "ret_2b_pct", "ret_5b_pct", "ret_10b_pct", "ret_14b_pct", "ret_20b_pct", "range_break",
    "dist_to_14b_high_pct", "dist_to_14b_low_pct", "range_expansion", "realised_regime",
    "vol_spike_ratio",
}  # fmt: skip


def of(fives: list[Bar]) -> dict[str, Any]:
    return bar_features.compute([], fives, 600.0, NOON, MAX_AGE_S)


@pytest.mark.parametrize("n", [2, 5, 10, 14, 20])
def test_returns_are_percent_over_the_last_bars(n: int) -> None:
    then, now = FIVES[-1 - n].close, FIVES[-1].close

    assert FOUND[f"ret_{n}b_pct"] == pytest.approx((now - then) / then * 100)


def test_vwap_is_of_regular_hours() -> None:
    paid = sum((bar.wap or 0) * bar.volume for bar in MINUTES if bar.open_at >= OPEN)
    shares = sum(bar.volume for bar in MINUTES if bar.open_at >= OPEN)

    assert FOUND["vwap"] == pytest.approx(paid / shares)


def test_distances_to_the_extremes_of_fourteen_bars() -> None:
    high, low = max(b.high for b in FIVES[-14:]), min(b.low for b in FIVES[-14:])
    found = bar_features.compute(MINUTES, FIVES, (high + low) / 2, NOON, MAX_AGE_S)

    price = (high + low) / 2
    assert found["dist_to_14b_high_pct"] == pytest.approx((high - price) / price * 100)
    assert found["dist_to_14b_low_pct"] == pytest.approx((price - low) / price * 100)


@pytest.mark.parametrize(
    ("price", "name"),
    [
        pytest.param(900.0, "dist_to_14b_high_pct", id="above"),
        pytest.param(300.0, "dist_to_14b_low_pct", id="below"),
    ],
)
def test_beyond_an_extreme_there_is_no_distance(price: float, name: str) -> None:
    assert bar_features.compute(MINUTES, FIVES, price, NOON, MAX_AGE_S)[name] == 0.0


@pytest.mark.parametrize(
    ("close", "expected"),
    [
        pytest.param(900.0, 1, id="above"),
        pytest.param(300.0, -1, id="below"),
        pytest.param(None, 0, id="inside"),
    ],
)
def test_a_close_beyond_the_range_of_twenty_bars(close: float | None, expected: int) -> None:
    before = FIVES[-21:-1]
    inside = (max(b.high for b in before) + min(b.low for b in before)) / 2
    last = Bar("SPY", FIVES[-1].open_at, inside, inside, inside, close or inside, 1.0, None)

    assert of([*before, last])["range_break"] == expected


def spread(bars: list[Bar]) -> float:
    return max(bar.high for bar in bars) - min(bar.low for bar in bars)


def test_range_expansion_compares_with_this_time_of_earlier_sessions() -> None:
    usual = []
    for day in range(1, 8):
        window = FIVES[: len(FIVES) - day * PER_SESSION][-6:]
        usual += [spread(window)] if len(window) == 6 else []

    assert FOUND["range_expansion"] == pytest.approx(spread(FIVES[-6:]) / (sum(usual) / len(usual)))


def test_a_volume_spike_compares_with_this_time_of_earlier_sessions() -> None:
    earlier = [b.volume for n, b in enumerate(reversed(FIVES)) if n and n % PER_SESSION == 0]

    assert FOUND["vol_spike_ratio"] == pytest.approx(
        FIVES[-1].volume / (sum(earlier) / len(earlier))
    )


def deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))


@pytest.mark.parametrize(("scale", "expected"), [(0.01, "LOW"), (10.0, "HIGH")])
def test_the_realised_regime_is_the_tercile_of_the_last_twenty_moves(
    scale: float, expected: str
) -> None:
    closes = [bar.close for bar in FIVES]
    for n in range(len(closes) - 20, len(closes)):
        closes[n] = closes[n - 1] * math.exp(scale * math.log(FIVES[n].close / FIVES[n - 1].close))
    moves = [math.log(b / a) for a, b in zip(closes[-500:], closes[-499:], strict=False)]
    windows = [deviation(moves[n : n + 20]) for n in range(len(moves) - 19)]
    rank = sum(w < windows[-1] for w in windows) / len(windows)

    bars = [
        Bar(b.symbol, b.open_at, c, c, c, c, 1.0, None) for b, c in zip(FIVES, closes, strict=True)
    ]
    found = of(bars)["realised_regime"]

    assert (found, ("LOW", "NORMAL", "HIGH")[min(2, int(rank * 3))]) == (expected, expected)


def apart(bars: list[Bar], night: float) -> list[Bar]:
    """The same bars with a jump of so much (log) between sessions."""
    found, days = [], {}
    for bar in bars:
        n = days.setdefault(bar.open_at.date(), len(days))
        up = math.exp(n * night)
        prices = (p * up for p in (bar.open, bar.high, bar.low, bar.close))
        found.append(Bar(bar.symbol, bar.open_at, *prices, bar.volume, None))
    return found


@pytest.mark.parametrize("bar", [PER_SESSION, PER_SESSION + 5, PER_SESSION + 19, PER_SESSION + 60])
def test_a_night_is_no_five_minute_move(bar: int) -> None:
    end = opens(600, 5, NOON)[-bar] + timedelta(minutes=5)
    fives = [replace(b, open=b.open * 1.000_01) for b in walk(600, 5, end)]
    nights = apart(fives, 0.006)

    first, second = (
        bar_features.compute([], bars, 600.0, end, MAX_AGE_S)["realised_regime"]
        for bars in (fives, nights)
    )
    assert first == second is not None


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 299, 300, 3_601])
def test_what_comes_later_changes_nothing(seconds: float) -> None:
    at = NOON - timedelta(hours=2) + timedelta(seconds=seconds)
    ended = {
        minutes: [b for b in bars if b.open_at + timedelta(minutes=minutes) <= at]
        for minutes, bars in ((1, MINUTES), (5, FIVES))
    }

    assert bar_features.compute(MINUTES, FIVES, 600.0, at, MAX_AGE_S) == bar_features.compute(
        ended[1], ended[5], 600.0, at, MAX_AGE_S
    )


def test_without_bars_everything_is_missing() -> None:
    found: dict[str, Any] = of([])

    assert set(found.values()) == {None}


def test_outside_regular_hours_there_is_no_vwap() -> None:
    found = bar_features.compute(MINUTES, FIVES, 600.0, OPEN - timedelta(hours=1), MAX_AGE_S)

    assert found["vwap"] is None


def without(bars: list[Bar], place: int) -> list[Bar]:
    return [*bars[:place], *bars[place + 1 :]]


@pytest.mark.parametrize(
    ("place", "known"),
    [
        pytest.param(-2, {"vol_spike_ratio"}, id="just before the last"),
        pytest.param(-4, {"vol_spike_ratio", "ret_2b_pct"}, id="within five"),
        pytest.param(
            -9, {"vol_spike_ratio", "ret_2b_pct", "ret_5b_pct", "range_expansion"}, id="within ten"
        ),
        pytest.param(-23, NAMES, id="before all of them"),
    ],
)
def test_what_spans_a_hole_is_not_known(place: int, known: set[str]) -> None:
    found = of(without(FIVES, place))

    assert {name for name in NAMES if found[name] is not None} == known


def test_the_night_is_no_hole() -> None:
    at = OPEN + timedelta(minutes=10)

    found = bar_features.compute([], walk(100, 5, at), 600.0, at, MAX_AGE_S)

    assert found["ret_20b_pct"] is not None
    assert found["range_break"] is not None


@pytest.mark.parametrize(
    ("minutes", "is_known"),
    [
        pytest.param(7, True, id="seven minutes"),
        pytest.param(7.1, False, id="more"),
    ],
)
def test_old_bars_are_not_known(minutes: float, is_known: bool) -> None:
    at = NOON + timedelta(minutes=minutes)
    found = bar_features.compute(MINUTES, FIVES, 600.0, at, MAX_AGE_S)

    assert {found[name] is not None for name in NAMES} == {is_known}
    assert (found["vwap"] is not None) is is_known


def test_at_the_open_the_close_before_is_a_moment_ago() -> None:
    fives = [bar for bar in FIVES if bar.open_at < OPEN]

    assert bar_features.is_fresh(fives, OPEN + timedelta(minutes=3), MAX_AGE_S)
    assert not bar_features.is_fresh(fives[:-1], OPEN + timedelta(minutes=3), MAX_AGE_S)


def u_shaped(days: list[date]) -> list[Bar]:
    """Every session the same: busy at both ends, wide at the open."""
    bars = []
    for day in days:
        session = calendar.session(day)
        count = session.rth_s // 300
        for n in range(count):
            edge = (2 * (n + 0.5) / count - 1) ** 2
            open_at = session.open_at + timedelta(minutes=5 * n)
            top = 600.1 + edge
            bars.append(Bar("SPY", open_at, 600, top, 599.9, 600, 1e5 * (1 + 3 * edge), 600.0))
    return bars


@pytest.mark.parametrize("minute", [30, 60, 120, 180, 300, 385])
def test_after_a_half_day_an_ordinary_session_is_ordinary(minute: int) -> None:
    # Friday the 27th closes at 13:00.
    days = [date(2026, 11, day) for day in (20, 23, 24, 25, 27, 30)]
    at = calendar.session(days[-1]).open_at + timedelta(minutes=minute)

    found = bar_features.compute([], u_shaped(days), 600.0, at, MAX_AGE_S)

    assert found["vol_spike_ratio"] == pytest.approx(1.0)
    assert found["range_expansion"] == pytest.approx(1.0)
