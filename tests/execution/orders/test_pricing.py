"""First limit, walk, abandonment and exits (DOMAIN 6.4, 6.9)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders import pricing
from execution.orders.ticks import Touch
from execution.risk.verdict import Denied
from quanticity.config.loader import section
from quanticity.domain.signals import Strategy

SETTINGS = section("execution.pricing", pricing.Settings)
PENNY = ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05")))
QUOTE = Touch(Decimal("2.00"), Decimal("2.12"))
CENTS = st.integers(1, 500).map(lambda n: Decimal(n) / 100)


def planned(strategy: str, confidence: float, quote: Touch = QUOTE) -> pricing.EntryPlan:
    found = pricing.plan_entry(Strategy(strategy), confidence, quote, PENNY, SETTINGS)
    assert isinstance(found, pricing.EntryPlan)
    return found


@pytest.mark.parametrize(
    ("strategy", "confidence", "first", "every_s", "abandon_s"),
    [
        pytest.param("0DTE", 99, "2.06", 3, 20, id="0DTE begins at mid whatever its confidence"),
        pytest.param("1DTE", 85.1, "2.13", None, 30, id="eager takes the ask and a tick, no walk"),
        pytest.param("1DTE", 85, "2.06", 5, 60, id="85 is still usual"),
        pytest.param("MOC", 70, "2.06", 5, 60, id="70 is usual"),
        pytest.param("14DTE", 69.9, "2.04", 5, 60, id="timid begins at bid and a third"),
    ],
)
def test_the_first_limit_and_pace(
    strategy: str, confidence: float, first: str, every_s: float | None, abandon_s: float
) -> None:
    plan = planned(strategy, confidence)

    assert (plan.first, plan.pace.every_s, plan.pace.abandon_s) == (
        Decimal(first),
        every_s,
        abandon_s,
    )


def test_a_marketable_limit_keeps_to_60_percent_of_the_spread() -> None:
    narrow = Touch(Decimal("2.00"), Decimal("2.04"))

    assert planned("1DTE", 90, narrow).first == Decimal("2.04")


def test_a_passive_limit_rounds_down() -> None:
    odd = Touch(Decimal("3.00"), Decimal("3.15"))

    assert planned("0DTE", 80, odd).first == Decimal("3.05")


def test_no_quote_is_never_a_market_order() -> None:
    found = pricing.plan_entry(Strategy.ZERO_DTE, 90, None, PENNY, SETTINGS)

    assert isinstance(found, Denied)
    assert found.code == "NO_MARKET_DATA"


@pytest.mark.parametrize(
    ("strategy", "confidence", "elapsed_s", "limit"),
    [
        pytest.param("0DTE", 80, 2.9, "2.06", id="before the first step"),
        pytest.param("0DTE", 80, 3.0, "2.09", id="a quarter of the spread"),
        pytest.param("0DTE", 80, 18.0, "2.12", id="never above the ask"),
        pytest.param("1DTE", 60, 10.0, "2.06", id="timid never above mid"),
        pytest.param("1DTE", 90, 29.0, "2.13", id="eager does not walk"),
    ],
)
def test_the_limit_walks(strategy: str, confidence: float, elapsed_s: float, limit: str) -> None:
    assert pricing.walked(planned(strategy, confidence), elapsed_s, QUOTE, PENNY) == Decimal(limit)


@given(CENTS, CENTS, CENTS, st.floats(0, 120), st.floats(0, 120), st.floats(0, 100))
def test_a_walk_only_rises_while_the_quote_stands(
    bid: Decimal, spread: Decimal, later: Decimal, one_s: float, more_s: float, confidence: float
) -> None:
    quote = Touch(bid, bid + spread)
    plan = planned("0DTE", confidence, quote)

    early = pricing.walked(plan, one_s, quote, PENNY)
    late = pricing.walked(plan, one_s + more_s, quote, PENNY)
    assert plan.first <= early <= late <= max(quote.ask, plan.first)


@pytest.mark.parametrize(
    ("strategy", "elapsed_s", "mid", "partly", "given_up"),
    [
        pytest.param("0DTE", 19.9, "2.06", False, False, id="in time"),
        pytest.param("0DTE", 20.0, "2.06", False, True, id="too old"),
        pytest.param("0DTE", 39.0, "2.06", True, False, id="partly filled may run twice as long"),
        pytest.param("0DTE", 1.0, "1.87", False, True, id="the market has left"),
        pytest.param("1DTE", 1.0, "1.87", False, False, id="only 0DTE minds the move"),
    ],
)
def test_an_entry_is_abandoned(
    strategy: str, elapsed_s: float, mid: str, partly: bool, given_up: bool
) -> None:
    signal_mid = Decimal("2.10")
    quote = Touch(Decimal(mid) - 1, Decimal(mid) + 1)

    found = pricing.is_abandoned(
        planned(strategy, 80), elapsed_s, signal_mid, quote, SETTINGS, partly_filled=partly
    )
    assert found is given_up


@pytest.mark.parametrize(
    ("bid", "elapsed_s", "limit"),
    [
        pytest.param("2.00", 0, "2.00", id="at the bid"),
        pytest.param("2.00", 2, "1.99", id="a tick less"),
        pytest.param("2.00", 10, "1.98", id="two below at the end"),
        pytest.param("3.10", 10, "3.00", id="by the tick in force"),
        pytest.param("0.01", 10, "0.01", id="never below a cent"),
        pytest.param("0", 10, None, id="no bid is left to expire"),
    ],
)
def test_an_exit_is_a_marketable_limit(bid: str, elapsed_s: float, limit: str | None) -> None:
    found = pricing.exit_limit(Decimal(bid), elapsed_s, PENNY, SETTINGS)

    assert found == (limit and Decimal(limit))
