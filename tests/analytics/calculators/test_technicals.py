"""Indicators against slow textbook versions (DOMAIN 1.12)."""

from datetime import UTC, datetime, timedelta
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import technicals
from quanticity.config.loader import section
from quanticity.domain.market import Bar
from quanticity.domain.readings import Unavailable

SETTINGS = section("analytics.technicals", technicals.Settings)
AT = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
CLOSES = st.lists(st.floats(50, 150).map(lambda p: round(p, 2)), min_size=40, max_size=60)


def bars(closes: list[float], reach: float = 0.5) -> list[Bar]:
    return [
        Bar(
            "SPY",
            AT + timedelta(minutes=5 * n),
            close,
            close + reach,
            close - reach,
            close,
            1_000,
            close,
            60,
        )
        for n, close in enumerate(closes)
    ]


def indicators(closes: list[float]) -> technicals.Technicals:
    found = technicals.compute(bars(closes), SETTINGS)
    assert isinstance(found, technicals.Technicals)
    return found


def ema(values: list[float], period: int) -> list[float]:
    means = [fmean(values[:period])]
    for each in values[period:]:
        means.append(means[-1] * (1 - 2 / (period + 1)) + each * 2 / (period + 1))
    return means


@given(CLOSES)
def test_bollinger_is_the_textbook_band(closes: list[float]) -> None:
    found = indicators(closes)

    assert found.bollinger_mid_price == pytest.approx(fmean(closes[-20:]))
    assert found.bollinger_upper_price == pytest.approx(
        fmean(closes[-20:]) + 2 * pstdev(closes[-20:])
    )


@given(CLOSES)
def test_macd_is_the_textbook_difference(closes: list[float]) -> None:
    found, fast, slow = indicators(closes), ema(closes, 12), ema(closes, 26)
    lines = [f - s for f, s in zip(fast[14:], slow, strict=True)]

    assert found.macd_usd == pytest.approx(lines[-1], abs=1e-9)
    assert found.macd_signal_usd == pytest.approx(ema(lines, 9)[-1], abs=1e-9)


@given(CLOSES.filter(lambda closes: len(set(closes)) > 1))
def test_mirroring_prices_mirrors_rsi(closes: list[float]) -> None:
    ours, theirs = indicators(closes).rsi, indicators([200 - close for close in closes]).rsi

    assert ours is not None
    assert theirs is not None
    assert ours + theirs == pytest.approx(100)


@pytest.mark.parametrize(
    ("closes", "rsi"),
    [
        pytest.param([100.0 + n for n in range(20)], 100, id="only up"),
        pytest.param([100.0 - n for n in range(20)], 0, id="only down"),
    ],
)
def test_rsi_at_its_ends(closes: list[float], rsi: float) -> None:
    assert indicators(closes).rsi == rsi


def test_a_price_that_never_moved_has_no_strength() -> None:
    found = indicators([100.0] * 20)

    assert (found.rsi, found.reasons["rsi"]) == (None, "ZERO_VARIANCE")


def test_a_constant_range_is_its_own_mean() -> None:
    assert indicators([100.0] * 30).atr_usd == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("n", "missing"),
    [
        (14, {"rsi", "atr_usd", "macd_usd", "bollinger_mid_price"}),
        (15, {"macd_usd", "bollinger_mid_price"}),
        (20, {"macd_usd"}),
        (35, set()),
    ],
)
def test_too_few_bars_are_missing_not_neutral(n: int, missing: set[str]) -> None:
    asked = {"rsi", "atr_usd", "macd_usd", "bollinger_mid_price"}

    assert set(indicators([100.0 + k % 3 for k in range(n)]).reasons) & asked == missing


def test_no_bars_are_unavailable() -> None:
    assert isinstance(technicals.compute([], SETTINGS), Unavailable)
