"""A quiet morning on which everything is allowed, and a way to spoil one fact of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.orders.ticks import Touch
from execution.risk.facts import NO_GREEKS, Desk, Facts, Greeks, Holdings, Market, Open, Proposal
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Account, TradingState
from quanticity.domain.signals import Signal, Strategy

AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
SIGNAL = Signal(
    signal_id="SG-1",
    strategy=Strategy.ZERO_DTE,
    symbol="SPY",
    direction=1,
    confidence=80,
    created_at=AT - timedelta(seconds=1),
    valid_until=AT + timedelta(seconds=299),
    session_date=date(2025, 11, 21),
    contract=parse_occ("SPY251121C00600000"),
    multiplier=100,
    reference_mid=Decimal("2.00"),
    source="sim",
)
PROPOSAL = Proposal(SIGNAL, live=True, limit=Decimal("2.00"), stop=Decimal("1.00"))
SIZED = replace(
    PROPOSAL,
    contracts=7,
    notional_usd=Decimal("1404.55"),
    risk_usd=Decimal(700),
    greeks=Greeks(Decimal(20_000), Decimal(900), Decimal(80), Decimal(-150)),
)
FACTS = Facts(
    at=AT,
    account=Account(
        "DU1", Decimal(100_000), Decimal(100_000), Decimal(90_000), Decimal(90_000), AT
    ),
    allowed_accounts=frozenset({"DU1"}),
    desk=Desk(
        state=TradingState.ACTIVE,
        connection="CONNECTED",
        restart_s=40_000,
        reconciled_age_s=12,
        breaks_n=0,
        ref_used=False,
        orders_last_s=0,
        messages_left=45,
        cooling=False,
        vol_spike=False,
        whatif_equity_usd=Decimal(100_000),
        whatif_margin_usd=Decimal(1_500),
    ),
    market=Market(
        in_liquid_hours=True,
        in_window=True,
        since_open_s=9_000,
        to_close_s=14_400,
        in_blackout=False,
        blind_300s_s=0,
        matches_n=1,
        multiplier=100,
        settles_s=14_400,
        increments=((Decimal(0), Decimal("0.01")),),
        quote=Touch(Decimal("1.97"), Decimal("2.03")),
        quote_age_s=0.4,
        quote_flags=frozenset(),
    ),
    holdings=Holdings(
        open=(Open("1DTE", "QQQ", 1, Decimal(900), Decimal(400)),),
        unknown_in_symbol_n=0,
        correlations={frozenset({"SPY", "QQQ"}): 0.9, frozenset({"SPY", "AAPL"}): 0.5},
        greeks=NO_GREEKS,
        contract_buys_n=0,
        contract_sells_n=0,
        contract_foreign_sells_n=0,
        day_pnl_usd=Decimal(-200),
        start_of_day_usd=Decimal(100_000),
        drawdown_frac=Decimal("0.01"),
    ),
)


def _spoiled(value: Any, path: str, new: Any) -> Any:
    name, _, rest = path.partition(".")
    return replace(value, **{name: _spoiled(getattr(value, name), rest, new) if rest else new})


@pytest.fixture(scope="session")
def spoiled() -> Callable[[Any, str, Any], Any]:
    """Change one field of nested values: `spoiled(facts, "desk.state", None)`."""
    return _spoiled


@pytest.fixture(scope="session")
def proposal() -> Proposal:
    """An entry before sizing."""
    return PROPOSAL


@pytest.fixture(scope="session")
def sized() -> Proposal:
    """The same entry after sizing: seven contracts."""
    return SIZED


@pytest.fixture(scope="session")
def facts() -> Facts:
    """Facts on which every rule passes."""
    return FACTS
