"""Who pushed a print: quote rule, tick test, exclusions (DOMAIN 3.8)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import trade_signing
from quanticity.config.loader import section
from quanticity.domain.market import Side, Trade

SETTINGS = section("analytics.trade_signing", trade_signing.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)


def printed(
    price: float,
    *,
    bid: float | None = 100.0,
    ask: float | None = 100.1,
    age_s: float = 0.2,
    condition: str = "",
) -> Trade:
    conditions = (condition,) if condition else ()
    return Trade("SPY", price, 100, AT, conditions=conditions, bid=bid, ask=ask, quote_age_s=age_s)


def methods(*trades: Trade) -> list[tuple[str, float]]:
    return [
        (each.signing.method, round(each.signing.p_buy, 9))
        for each in trade_signing.sign(trades, SETTINGS)
    ]


@pytest.mark.parametrize(
    ("trade", "side"),
    [
        pytest.param(printed(100.1), Side.BUY, id="at the ask"),
        pytest.param(printed(100.0), Side.SELL, id="at the bid"),
        pytest.param(printed(99.5), Side.SELL, id="through the bid"),
        pytest.param(printed(100.05), Side.UNKNOWN, id="mid without a past"),
        pytest.param(printed(100.1, age_s=1.5), Side.UNKNOWN, id="quote too old"),
        pytest.param(printed(100.1, bid=None), Side.UNKNOWN, id="one-sided quote"),
        pytest.param(printed(100.1, bid=100.1), Side.UNKNOWN, id="locked quote"),
        pytest.param(printed(100.1, condition="LATE"), Side.UNKNOWN, id="late print"),
    ],
)
def test_a_lone_print_is_signed_by_its_quote(trade: Trade, side: Side) -> None:
    assert trade_signing.compute(trade, None, SETTINGS).side is side


def test_options_allow_older_quotes() -> None:
    trade = printed(100.1, age_s=3)

    assert trade_signing.compute(trade, None, SETTINGS, option=True).method == "quote"
    assert trade_signing.compute(trade, None, SETTINGS).method == "none"


def test_zero_ticks_carry_the_last_different_price() -> None:
    prices = [100.0, 100.05, 100.05, 100.05]

    found = methods(*(printed(price, bid=None) for price in prices))

    assert found == [("none", 0.5), ("tick", 0.6), ("tick", 0.6), ("tick", 0.6)]


def test_a_print_out_of_order_leaves_no_price_behind() -> None:
    found = methods(
        printed(100.0, bid=None),
        printed(105.0, condition="OUT_OF_SEQUENCE"),
        printed(100.02, bid=None),
    )

    assert found == [("none", 0.5), ("excluded", 0.5), ("tick", 0.6)]


@given(offset=st.floats(-0.2, 0.2))
def test_mirroring_the_price_mirrors_the_probability(offset: float) -> None:
    above = trade_signing.compute(printed(100.05 + offset), 100.05, SETTINGS)
    below = trade_signing.compute(printed(100.05 - offset), 100.05, SETTINGS)

    assert above.p_buy + below.p_buy == pytest.approx(1, abs=1e-6)


@given(price=st.floats(0.01, 1_000), last=st.none() | st.floats(0.01, 1_000))
def test_a_probability_stays_within_its_weights(price: float, last: float | None) -> None:
    assert 0.1 <= round(trade_signing.compute(printed(price), last, SETTINGS).p_buy, 12) <= 0.9
