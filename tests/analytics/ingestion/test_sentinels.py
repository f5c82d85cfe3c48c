"""What is refused at the last door before the store (DOMAIN 1.5)."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ingestion import sentinels
from quanticity.domain.market import Bar, Quote, Trade

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
QUOTE = Quote("SPY", 599.99, 600.01, 3.0, 4.0, 600.0, AT, AT)
TRADE = Trade("SPY", 600.0, 100.0, AT)
BAR = Bar("SPY", AT, 600.0, 601.0, 599.0, 600.5, 100.0, 600.2)
NOT_A_PRICE = [-1.0, 0.0, 1.797e308, math.inf, -math.inf, math.nan]
NOT_A_SIZE = [-1.0, 2_147_483_647.0, math.inf, math.nan]


@pytest.mark.parametrize("value", NOT_A_PRICE)
@pytest.mark.parametrize("name", ["bid", "ask", "last"])
def test_a_quote_with_a_sentinel_for_a_price_is_refused(name: str, value: float) -> None:
    assert sentinels.of_quote(replace(QUOTE, **{name: value})) == "Q_SENTINEL"


@pytest.mark.parametrize("value", NOT_A_SIZE)
@pytest.mark.parametrize("name", ["bid_size", "ask_size"])
def test_a_quote_with_a_sentinel_for_a_size_is_refused(name: str, value: float) -> None:
    assert sentinels.of_quote(replace(QUOTE, **{name: value})) == "Q_SENTINEL"


@pytest.mark.parametrize(
    ("bid", "ask", "reason"),
    [(600.02, 600.01, "Q_CROSSED"), (600.0, 600.0, None), (None, 600.0, None), (None, None, None)],
    ids=["crossed", "locked", "one-sided", "empty"],
)
def test_only_a_crossed_quote_is_refused(bid, ask, reason) -> None:
    assert sentinels.of_quote(replace(QUOTE, bid=bid, ask=ask)) == reason


@pytest.mark.parametrize("value", NOT_A_PRICE)
def test_a_print_without_a_price_is_refused(value: float) -> None:
    assert sentinels.of_trade(replace(TRADE, price=value)) == "T_SENTINEL"


@pytest.mark.parametrize("value", [*NOT_A_SIZE, 0.0])
def test_a_print_without_a_size_is_refused(value: float) -> None:
    assert sentinels.of_trade(replace(TRADE, size=value)) == "T_SENTINEL"


@given(st.floats(0.01, 1e6), st.floats(1, 1e6))
def test_every_real_print_passes(price: float, size: float) -> None:
    assert sentinels.of_trade(replace(TRADE, price=price, size=size)) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"high": 600.0}, "B_RANGE"),
        ({"low": -1.0}, "B_SENTINEL"),
        ({"volume": 0.0}, None),
        ({"wap": None}, None),
    ],
    ids=["close above high", "negative", "nothing traded", "no average"],
)
def test_a_bar_must_hang_together(changes, reason) -> None:
    assert sentinels.of_bar(replace(BAR, **changes)) == reason
