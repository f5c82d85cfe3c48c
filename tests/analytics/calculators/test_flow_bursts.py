"""Prints cut into bursts, and bursts into features (DOMAIN 3.14)."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics.calculators import flow_bursts
from analytics.calculators.trade_signing import SignedTrade, Signing
from quanticity.domain.market import Side, Trade

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
P_BUY = {Side.BUY: 0.9, Side.SELL: 0.1, Side.UNKNOWN: 0.5}


def printed(ms: int, side: Side, price: float = 100.0) -> SignedTrade:
    trade = Trade(
        "SPY", price, 100, AT + timedelta(milliseconds=ms), bid=99.99, ask=100.01, quote_age_s=0.1
    )
    return SignedTrade(trade, Signing(P_BUY[side], side, "quote"))


@pytest.mark.parametrize(
    ("prints", "sizes"),
    [
        pytest.param([printed(0, Side.BUY), printed(250, Side.BUY)], [2], id="at the gap"),
        pytest.param([printed(0, Side.BUY), printed(251, Side.BUY)], [1, 1], id="beyond the gap"),
        pytest.param(
            [printed(0, Side.BUY), printed(10, Side.SELL), printed(20, Side.BUY)],
            [1, 1, 1],
            id="the side turns",
        ),
        pytest.param(
            [printed(0, Side.BUY), printed(10, Side.UNKNOWN), printed(20, Side.BUY)],
            [2],
            id="unknown neither joins nor breaks",
        ),
    ],
)
def test_prints_are_cut_into_bursts(prints: list[SignedTrade], sizes: list[int]) -> None:
    assert [found.prints for found in flow_bursts.find(prints, 250, 3)] == sizes


def test_a_burst_knows_its_impact_and_place() -> None:
    walk = [
        printed(0, Side.BUY, 100.01),
        printed(100, Side.BUY, 100.02),
        printed(200, Side.BUY, 100.03),
    ]

    (found,) = flow_bursts.find(walk, 250, 3)

    assert (found.impact_bps, found.is_sweep, found.loc) == (pytest.approx(3), True, 1)
    assert found.span_s == pytest.approx(0.2)


def test_columns_are_as_many_as_features() -> None:
    (one,) = flow_bursts.find([printed(0, Side.BUY)], 250, 3)

    assert flow_bursts.columns([one], 250).shape == (1, len(flow_bursts.FEATURES))
    assert flow_bursts.columns([], 250).shape == (0, len(flow_bursts.FEATURES))


@pytest.mark.parametrize(("span_ms", "speed"), [(0, 8.0), (200, 8.0), (250, 8.0)])
def test_speed_is_counted_over_a_gap_at_least(span_ms: int, speed: float) -> None:
    (one,) = flow_bursts.find([printed(0, Side.BUY), printed(span_ms, Side.BUY)], 250, 3)

    column = flow_bursts.FEATURES.index("prints_per_s")
    assert flow_bursts.columns([one], 250)[0, column] == pytest.approx(speed)
