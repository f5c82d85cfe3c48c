"""The page of risk rules is that of the rules in force, and leaves none out (DOMAIN 6.6)."""

import os
from pathlib import Path

import pytest

from execution.risk import breakers, facts, gate, handbook
from execution.risk.exposure import margin_suffices
from execution.risk.trips import Breaker
from quanticity.config.loader import section

PAGE = Path(__file__).parents[3] / "docs" / "risk-rules.md"
CODES = [
    "STATE_HALTED",
    "STATE_REDUCING",
    "MODE_SHADOW",
    "NOT_CONNECTED",
    "RESTART_WINDOW",
    "NOT_RECONCILED",
    "QUARANTINED",
    "SIGNAL_STALE",
    "SIGNAL_DUPLICATE",
    "SESSION_CLOSED",
    "OUTSIDE_WINDOW",
    "EVENT_BLACKOUT",
    "BLIND_TIME",
    "CONTRACT_AMBIGUOUS",
    "CONTRACT_ADJUSTED",
    "EXPIRED_CONTRACT",
    "MULTIPLIER_MISMATCH",
    "NO_MARKET_DATA",
    "SPREAD_TOO_WIDE",
    "PRICE_MOVED",
    "PRICE_COLLAR",
    "QUOTE_ARBITRAGE",
    "ACCOUNT_STALE",
    "ACCOUNT_NOT_ALLOWED",
    "NOTIONAL_BUYING_POWER",
    "CASH_INSUFFICIENT",
    "MAX_ORDER_CONTRACTS",
    "MAX_ORDER_NOTIONAL",
    "POSITION_HEAT",
    "SYMBOL_EXPOSURE",
    "MAX_POSITIONS",
    "MAX_POSITIONS_SYMBOL",
    "MAX_PENDING",
    "UNRESOLVED",
    "OPPOSITE_POSITION",
    "CORRELATED_EXPOSURE",
    "GREEK_LIMIT",
    "DAILY_LOSS",
    "LOSS_STREAK",
    "DRAWDOWN",
    "VOL_SPIKE",
    "BROKER_ORDER_LIMIT",
    "BOTH_SIDES",
    "RATE_LIMIT",
    "KELLY_NO_EDGE",
    "ZERO_SIZE",
    "WHATIF_MARGIN",
]


def written() -> str:
    return handbook.page(
        section("execution.risk", facts.Settings), section("execution.breakers", breakers.Settings)
    )


def test_the_golden_page_is_current() -> None:
    PAGE.write_text(written()) if os.environ.get("QC_GOLDEN") == "record" else None

    assert PAGE.read_text() == written(), "run `make golden` and review docs/risk-rules.md"


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_specification_is_a_rule(code: str) -> None:
    rules = (*gate.BEFORE_SIZING, *gate.AFTER_SIZING, margin_suffices)

    assert code in {rule.code for rule in rules}
    assert f"| `{code}` |" in written()


@pytest.mark.parametrize("code", sorted(set(CODES) - {"SHORT_FORBIDDEN"}))
def test_every_code_of_the_specification_is_denied_by_in_a_test(code: str) -> None:
    assert f'"{code}"' in (Path(__file__).parent / "test_gate.py").read_text()


def test_every_breaker_is_described() -> None:
    assert set(handbook.BREAKERS) == set(Breaker)
