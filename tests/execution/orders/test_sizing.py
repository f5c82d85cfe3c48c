"""Sizes are floored, never negative, and never a fallback (DOMAIN 6.5)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders import sizing
from quanticity.config.loader import section
from quanticity.domain.signals import Strategy

SETTINGS = section("execution.sizing", sizing.Settings)
REQUEST = sizing.Request(
    strategy=Strategy.ZERO_DTE,
    confidence=92,
    limit_price=Decimal("2.10"),
    multiplier=100,
    stop_loss_frac=Decimal("0.5"),
    equity_usd=Decimal(100_000),
    buying_power_usd=Decimal(100_000),
    account_age_s=0,
    stats=None,
    risk_multiplier=Decimal(1),
    liquidity_cap_contracts=10_000,
)
MONEY = st.decimals(0, 10_000_000, places=2)
FRACTIONS = st.decimals("0.05", 4, places=3)
STATS = st.none() | st.builds(
    sizing.Stats, st.integers(0, 60), st.integers(0, 60), FRACTIONS, FRACTIONS
)
REQUESTS = st.builds(
    sizing.Request,
    strategy=st.sampled_from(Strategy),
    confidence=st.floats(0, 100),
    limit_price=st.decimals("0.05", 15, places=2),
    multiplier=st.sampled_from([10, 100]),
    stop_loss_frac=st.decimals("0.3", 1, places=2),
    equity_usd=MONEY,
    buying_power_usd=MONEY,
    account_age_s=st.just(0.0),
    stats=STATS,
    risk_multiplier=st.sampled_from([Decimal("0.5"), Decimal("0.7"), Decimal(1)]),
    liquidity_cap_contracts=st.integers(0, 500),
)


@given(REQUESTS)
def test_a_size_respects_every_ceiling(request: sizing.Request) -> None:
    found = sizing.compute(request, SETTINGS)

    assert (
        0
        <= found.contracts
        <= min(request.liquidity_cap_contracts, SETTINGS.max_contracts[request.strategy])
    )
    assert found.notional_usd <= request.buying_power_usd / 4 + Decimal("1e-6")
    assert found.notional_usd <= request.equity_usd * SETTINGS.max_stake_frac + Decimal("1e-6")


@given(REQUESTS, MONEY)
def test_more_equity_never_sizes_smaller(request: sizing.Request, more: Decimal) -> None:
    richer = replace(request, equity_usd=request.equity_usd + more)

    assert sizing.compute(richer, SETTINGS).contracts >= sizing.compute(request, SETTINGS).contracts


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"equity_usd": None}, id="equity unknown"),
        pytest.param({"buying_power_usd": None}, id="buying power unknown"),
        pytest.param({"equity_usd": Decimal("NaN")}, id="equity not a number"),
        pytest.param({"account_age_s": 30.1}, id="older than 30 s"),
        pytest.param({"account_age_s": None}, id="age unknown"),
        pytest.param({"account_age_s": float("nan")}, id="age not a number"),
    ],
)
def test_an_unknown_account_sizes_to_nothing(changes: dict[str, object]) -> None:
    found = sizing.compute(replace(REQUEST, **changes), SETTINGS)

    assert (found.contracts, found.reasons) == (0, ("ACCOUNT_STALE",))


def test_one_contract_is_not_a_minimum() -> None:
    found = sizing.compute(replace(REQUEST, equity_usd=Decimal(5_000)), SETTINGS)

    assert (found.contracts, found.reasons) == (0, ("ZERO_SIZE",))


def test_a_strategy_that_never_won_has_no_edge() -> None:
    stats = sizing.Stats(wins=0, losses=40, mean_win_frac=None, mean_loss_frac=Decimal("0.5"))

    assert sizing.compute(replace(REQUEST, stats=stats), SETTINGS).reasons == ("KELLY_NO_EDGE",)


def test_a_strategy_that_never_lost_plans_for_its_stop() -> None:
    stats = sizing.Stats(wins=40, losses=0, mean_win_frac=Decimal("0.4"), mean_loss_frac=None)
    found = sizing.compute(replace(REQUEST, stats=stats), SETTINGS)

    # p = 45/50, A = 0.5, B = 0.4: f* = 1.8 - 0.25
    assert found.kelly_f_star == Decimal("1.55")


def test_a_third_of_a_cent_does_not_lose_a_contract() -> None:
    # 0.0075 / 0.45 of 60,000 is exactly 1,000: ten contracts of 100.
    settings = replace(SETTINGS, commission_per_contract_usd=Decimal(0))
    request = replace(
        REQUEST,
        strategy=Strategy.ONE_DTE,
        stop_loss_frac=Decimal("0.45"),
        equity_usd=Decimal(60_000),
        limit_price=Decimal(1),
    )

    assert sizing.compute(request, settings).contracts == 10


@pytest.mark.parametrize(
    ("open_interest", "ask_size", "cap"),
    [
        pytest.param(500, 100, 25, id="5 % of open interest"),
        pytest.param(50_000, 3, 15, id="five times the displayed ask"),
        pytest.param(None, 3, 0, id="open interest unknown"),
        pytest.param(500, None, 0, id="ask size unknown"),
    ],
)
def test_liquidity_caps_the_size(open_interest: int | None, ask_size: int | None, cap: int) -> None:
    assert sizing.liquidity_cap(open_interest, ask_size, SETTINGS) == cap
