"""Parameters learned from a symbol's own past (DOMAIN 3.19)."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, pstdev

import numpy as np
import pytest

from analytics.calculators import discovery, hedging, vpin
from analytics.calculators.trade_signing import SignedTrade, Signing
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.market import Bar, Side, Trade

SETTINGS = section("analytics.discovery", discovery.Settings)
OPEN = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)


def fives(closes, start: datetime = OPEN, volume: float = 100.0) -> list[Bar]:
    return [
        Bar("SPY", start + timedelta(minutes=5 * n), c, c, c, c, volume, c, n5=60)
        for n, c in enumerate(closes)
    ]


def regular_fives(moves, night: float = 0.0) -> list[Bar]:
    """Bars of regular hours with these log returns, and a jump of so much (log) before each open."""
    found: list[Bar] = []
    close = 100.0
    for day in sessions(1 + len(moves) // 78):
        opened = calendar.session(day).open_at
        close *= math.exp(night)
        for n, move in enumerate(moves[len(found) : len(found) + 78]):
            before, close = close, close * math.exp(move)
            prices = (before, max(before, close), min(before, close), close)
            found.append(
                Bar("SPY", opened + timedelta(minutes=5 * n), *prices, 100.0, close, n5=60)
            )
    return found


def sessions(count: int) -> list[date]:
    days = [date(2025, 6, 2)]
    while len(days) < count:
        days.append(calendar.next_session(days[-1]).date)
    return days


def test_a_bucket_is_a_fiftieth_of_the_average_day() -> None:
    own = section("analytics.vpin", vpin.Settings)

    found = discovery.bucket_shares([1e6] * 20, SETTINGS, own)

    assert (found.value, found.n, found.is_applied) == (1e6 / 50, 20, True)
    assert discovery.bucket_shares([1e6] * 14, SETTINGS, own) is None


def test_a_curve_needs_its_sessions_and_half_days_have_their_own() -> None:
    days = [day for day in sessions(80) if not calendar.session(day).is_half_day]
    volumes = dict.fromkeys(days[-10:], (3.0, 1.0)) | {date(2025, 11, 28): (1.0, 1.0)}

    (found,) = discovery.curves(volumes, SETTINGS)

    assert (found.label, found.value, found.n) == ("volume_curve", [0.75, 1.0], 10)


def test_beta_is_the_slope_of_volatility_on_the_return() -> None:
    days = sessions(40)
    moves = np.sin(np.arange(40.0))
    closes = dict(zip(days, 100 * np.cumprod(1 + moves / 100), strict=True))
    ivs = dict(zip(days, 0.2 + np.cumsum(-0.7 * moves) / 100, strict=True))

    found = discovery.vol_beta(closes, ivs, section("analytics.hedging", hedging.Settings))

    assert found.value == pytest.approx(-0.7)


def test_a_gap_between_sessions_is_no_daily_change() -> None:
    days = sessions(60)[::2]
    own = section("analytics.hedging", hedging.Settings)

    assert discovery.vol_beta(dict.fromkeys(days, 1.0), dict.fromkeys(days, 1.0), own) is None


def test_the_lookback_is_the_last_lag_that_matters() -> None:
    noise = np.random.default_rng(1).normal(size=4_000)
    moves = 0.001 * (noise[7:] + 0.9 * noise[:-7])  # correlated at a lag of seven bars only

    found = discovery.lookback_bars(regular_fives(moves), replace(SETTINGS, max_lag=8))

    assert found.value == 7


@pytest.mark.parametrize("moves", [[0.0] * 500, [0.01, -0.01] * 20], ids=["flat", "few"])
def test_no_lookback_without_enough_movement(moves) -> None:
    assert discovery.lookback_bars(regular_fives(moves), SETTINGS) is None


def test_the_veto_is_a_quantile_of_the_size_of_elasticity() -> None:
    found = discovery.elasticity_veto([-0.01 * n for n in range(21)], SETTINGS)

    assert (found.value, found.is_applied) == (pytest.approx(0.16), False)


@pytest.mark.parametrize(
    ("scale", "tercile"), [(0.3, "LOW"), (1.0, "NORMAL"), (1.1, "HIGH")], ids=str
)
@pytest.mark.parametrize("night", [0.0, 0.01], ids=["no gap", "gaps of 1 %"])
def test_the_regime_is_the_tercile_of_the_newest_window(
    scale: float, tercile: str, night: float
) -> None:
    moves = 0.001 * np.random.default_rng(2).normal(size=500)
    moves[-20:] *= scale * 0.001 / pstdev(moves[-20:])
    spreads = [pstdev(moves[n - 20 : n]) for n in range(21, 501)]
    rank = fmean(spread < spreads[-1] for spread in spreads)

    found = discovery.realised_regime(regular_fives(moves, night), SETTINGS)

    assert (found.value, found.n) == (("LOW", "NORMAL", "HIGH")[int(3 * rank)], 500)
    assert found.value == tercile


@pytest.mark.parametrize("night", [0.05, -0.08])
def test_a_night_teaches_no_lookback(night: float) -> None:
    noise = np.random.default_rng(1).normal(size=4_000)
    moves = 0.001 * (noise[7:] + 0.9 * noise[:-7])
    wide = replace(SETTINGS, max_lag=8)

    assert discovery.lookback_bars(regular_fives(moves, night), wide).value == 7


def test_a_venue_is_marked_out_half_a_minute_later() -> None:
    prints = [
        SignedTrade(
            Trade(
                "SPY", 100.0, 10, OPEN + timedelta(seconds=n), "X", (), 99 + n / 100, 101 + n / 100
            ),
            Signing(0.9, Side.BUY, "quote"),
        )
        for n in range(600)
    ]
    mids = [100 + n / 100 for n in range(600)]
    expected = fmean(1e4 * (mids[n + 30] / mids[n] - 1) for n in range(570))

    found = discovery.venue_markouts(prints, SETTINGS)

    assert found.value == {"X": pytest.approx(expected)}
    assert math.isclose(found.n, 570)


def test_only_whole_sessions_have_volumes() -> None:
    whole = fives([1.0] * 78, OPEN - timedelta(days=1))
    running = fives([1.0] * 40)

    found = discovery.session_volumes([*whole, *running], SETTINGS)

    assert {day: sum(v) for day, v in found.items()} == {date(2025, 11, 20): 7_800.0}


@pytest.mark.parametrize(
    ("unheard", "is_whole"),
    [
        pytest.param({}, True, id="all heard"),
        pytest.param({40: 14}, True, id="46 of 4,680 bars of 5 s missing"),
        pytest.param({40: 13}, False, id="47 missing"),
        pytest.param({40: None}, False, id="five minutes missing"),
    ],
)
def test_a_session_with_a_gap_teaches_no_curve(
    unheard: dict[int, int | None], is_whole: bool
) -> None:
    bars = [
        replace(bar, n5=unheard.get(n, 60))
        for n, bar in enumerate(fives([1.0] * 78))
        if unheard.get(n, 60) is not None
    ]

    assert bool(discovery.session_volumes(bars, SETTINGS)) is is_whole
