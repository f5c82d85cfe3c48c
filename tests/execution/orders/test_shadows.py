"""The conservative fill model, and what a gate was worth."""

from decimal import Decimal
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders import shadows
from quanticity.config.loader import section

SETTINGS = section("execution.shadows", shadows.Settings)
cents = st.integers(1, 5_000).map(lambda n: Decimal(n) / 100)


def test_it_pays_most_of_the_spread_on_both_sides() -> None:
    bid, ask = Decimal("1.00"), Decimal("1.20")

    assert shadows.bought(bid, ask, SETTINGS) == Decimal("1.1750")
    assert shadows.sold(bid, ask, SETTINGS) == Decimal("1.0250")


@given(cents, cents)
def test_in_and_out_at_once_never_gains(bid: Decimal, spread: Decimal) -> None:
    entry, price = (model(bid, bid + spread, SETTINGS) for model in (shadows.bought, shadows.sold))

    assert bid < price < entry < bid + spread
    assert shadows.net_usd(entry, price, 100, SETTINGS) < 0


def test_both_commissions_are_paid() -> None:
    assert shadows.net_usd(Decimal(1), Decimal(2), 100, SETTINGS) == Decimal("98.70")


PLAN = shadows.plan(Decimal("2.00"), Decimal(50), Decimal(30))


@pytest.mark.parametrize(
    ("price", "due", "reason"),
    [
        pytest.param("1.00", False, "STOP", id="at the stop"),
        pytest.param("1.01", False, None, id="above the stop"),
        pytest.param("2.59", False, None, id="below the target"),
        pytest.param("2.60", False, "TARGET", id="at the target"),
        pytest.param("1.50", True, "TIME", id="its time is up"),
        pytest.param("0.90", True, "STOP", id="a stop comes before the time"),
    ],
)
def test_a_trade_leaves_for_a_reason(price: str, due: bool, reason: str | None) -> None:
    assert shadows.reason_to_leave(Decimal(price), PLAN, time_is_up=due) == reason


def test_few_trades_have_no_interval() -> None:
    found = shadows.value_of("STALE", [Decimal(-5)] * 9, 2, SETTINGS)

    assert (found.trades_n, found.open_n, found.saved_usd) == (9, 2, Decimal(45))
    assert (found.mean_usd, found.low_usd) == (None, None)


def test_the_interval_is_that_of_a_mean() -> None:
    nets = [Decimal(n) for n in (-30, -10, 0, 10, -20, -25, 5, -15, -40, 25)]
    values = [float(n) for n in nets]
    mean = sum(values) / len(values)
    error = (sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)) ** 0.5

    found = shadows.value_of("STALE", nets, 0, SETTINGS)

    z = NormalDist().inv_cdf(0.975)
    assert found.mean_usd == pytest.approx(mean)
    assert found.low_usd == pytest.approx(mean - z * error, rel=1e-3)
    assert found.high_usd == pytest.approx(mean + z * error, rel=1e-3)
