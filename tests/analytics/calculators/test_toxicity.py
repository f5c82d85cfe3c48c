"""What it cost to trade against the flow (DOMAIN 3.10)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import toxicity
from analytics.calculators.toxicity import Context, Level
from analytics.calculators.trade_signing import SignedTrade, Signing
from quanticity.config.loader import section
from quanticity.domain.market import Quote, Side, Trade
from quanticity.domain.readings import Unavailable

SETTINGS = section("analytics.toxicity", toxicity.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
P_BUY = {Side.BUY: 0.9, Side.SELL: 0.1, Side.UNKNOWN: 0.5}


def prints(
    n: int, side: Side = Side.BUY, size: float = 100, ago_s: float = 60
) -> list[SignedTrade]:
    trade = Trade(
        "SPY", 100.01, size, AT - timedelta(seconds=ago_s), bid=99.99, ask=100.01, quote_age_s=0.1
    )
    return [SignedTrade(trade, Signing(P_BUY[side], side, "quote"))] * n


def quotes(mid: float) -> list[Quote]:
    at = AT - timedelta(seconds=40)
    return [Quote("SPY", mid - 0.01, mid + 0.01, 1, 1, None, at, at)]


def measure(
    flow: list[SignedTrade], mid: float = 100.005, context: Context | None = None
) -> toxicity.Toxicity:
    found = toxicity.compute(flow, quotes(mid), context or Context(0.8, None), AT, SETTINGS)
    assert isinstance(found, toxicity.Toxicity)
    return found


def test_half_a_spread_against_the_maker_is_half_adverse() -> None:
    assert measure(prints(50)).a == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("side", "mid", "adverse"),
    [
        pytest.param(Side.BUY, 100.5, 1.0, id="far with the buyers"),
        pytest.param(Side.BUY, 99.5, 0.0, id="against the buyers"),
        pytest.param(Side.SELL, 99.5, 1.0, id="far with the sellers"),
    ],
)
def test_adverse_selection_is_clipped(side: Side, mid: float, adverse: float) -> None:
    assert measure(prints(50, side), mid).a == adverse


@pytest.mark.parametrize(
    ("flow", "context", "missing"),
    [
        pytest.param(prints(49), Context(0.8, None), "a", id="too few prints"),
        pytest.param(prints(50, ago_s=20), Context(0.8, None), "a", id="prints too young"),
        pytest.param(prints(50, Side.UNKNOWN), Context(0.8, None), "a", id="no side known"),
        pytest.param(
            prints(50, ago_s=320), Context(0.8, None), "large_notional_share", id="nothing recent"
        ),
        pytest.param(prints(50), Context(None, None), "toxicity", id="no VPIN rank"),
    ],
)
def test_toxicity_needs_all_three_parts(
    flow: list[SignedTrade], context: Context, missing: str
) -> None:
    found = measure(flow, context=context)

    assert (found.toxicity, found.level) == (None, None)
    assert missing in found.reasons


def test_no_prints_are_unavailable() -> None:
    found = toxicity.compute([], quotes(100), Context(0.8, None), AT, SETTINGS)

    assert isinstance(found, Unavailable)


def test_large_prints_are_a_share_of_dollars() -> None:
    flow = [*prints(1, size=3_000), *prints(10, size=300)]

    assert measure(flow).large_notional_share == pytest.approx(0.5)
    assert measure(flow, context=Context(0.8, 1e6)).large_notional_share == 0


def test_lean_is_the_signed_share_of_dollars() -> None:
    assert measure([*prints(3), *prints(1, Side.SELL)]).toxicity_lean == pytest.approx(0.4)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_toxicity_is_a_mean_of_its_parts(rank: float, adverse: float, large: float) -> None:
    value = toxicity.score(rank, adverse, large, SETTINGS)

    assert value is not None
    assert min(rank, adverse, large) - 1e-12 <= value <= max(rank, adverse, large) + 1e-12


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (0.70, Level.HIGH),
        (0.69, Level.MODERATE),
        (0.55, Level.MODERATE),
        (0.54, Level.LOW),
        (None, None),
    ],
)
def test_levels_begin_at_their_limits(value: float | None, level: Level | None) -> None:
    assert toxicity.level(value, SETTINGS) is level
