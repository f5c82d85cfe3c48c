"""Every rule says no for its own reason, and for a fact that is missing (DOMAIN 6.6)."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from execution.orders.ticks import Touch
from execution.risk import exposure, gate
from execution.risk.facts import Desk, Facts, Greeks, Holdings, Market, Open, Proposal
from quanticity.config.loader import section
from quanticity.domain.instruments import OptionContract, Right
from quanticity.domain.orders import TradingState
from quanticity.domain.signals import Strategy

LIMITS = section("execution.risk", gate.Settings)
AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
Spoil = Callable[[Any, str, Any], Any]
WIDE = Touch(Decimal("1.90"), Decimal("2.10"))
MOVED = Touch(Decimal("2.30"), Decimal("2.34"))
OPTIONAL = [
    f"{part}.{field.name}"
    for part, kind in (("desk", Desk), ("market", Market), ("holdings", Holdings))
    for field in dataclasses.fields(kind)
    if not field.name.startswith("whatif") and field.name not in {"increments", "correlations"}
]
NUMBERS = [
    "desk.restart_s", "desk.reconciled_age_s", "market.since_open_s", "market.to_close_s",
    "market.blind_300s_s", "market.settles_s", "market.quote_age_s",
]  # fmt: skip
MONEY = [
    "account.equity_usd", "account.buying_power_usd", "account.available_usd",
    "holdings.day_pnl_usd", "holdings.start_of_day_usd", "holdings.drawdown_frac",
]  # fmt: skip


def held(symbol: str, direction: int = 1, premium: int = 100, **changes: Any) -> Open:
    return Open(
        changes.pop("strategy", "1DTE"), symbol, direction, Decimal(premium), Decimal(50), **changes
    )


def test_a_quiet_morning_is_allowed(proposal: Proposal, sized: Proposal, facts: Facts) -> None:
    assert gate.check(proposal, facts, LIMITS).allowed
    assert gate.recheck(sized, facts, LIMITS).allowed
    assert gate.last(sized, facts, LIMITS).allowed


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("desk.state", TradingState.HALTED, "STATE_HALTED"),
        ("desk.state", TradingState.REDUCING, "STATE_REDUCING"),
        ("desk.connection", "BLIND", "NOT_CONNECTED"),
        ("desk.restart_s", 899, "RESTART_WINDOW"),
        ("desk.reconciled_age_s", 121, "NOT_RECONCILED"),
        ("desk.breaks_n", 1, "QUARANTINED"),
        ("at", AT + timedelta(seconds=5), "SIGNAL_STALE"),
        ("at", AT - timedelta(seconds=5), "SIGNAL_STALE"),
        ("desk.ref_used", True, "SIGNAL_DUPLICATE"),
        ("market.in_liquid_hours", False, "SESSION_CLOSED"),
        ("market.in_window", False, "OUTSIDE_WINDOW"),
        ("market.since_open_s", 119, "OUTSIDE_WINDOW"),
        ("market.to_close_s", 299, "OUTSIDE_WINDOW"),
        ("market.in_blackout", True, "EVENT_BLACKOUT"),
        ("market.blind_300s_s", 15.1, "BLIND_TIME"),
        ("market.matches_n", 2, "CONTRACT_AMBIGUOUS"),
        ("market.matches_n", 0, "CONTRACT_AMBIGUOUS"),
        ("market.settles_s", 2_699, "EXPIRED_CONTRACT"),
        ("market.multiplier", 10, "MULTIPLIER_MISMATCH"),
        ("market.quote", None, "NO_MARKET_DATA"),
        ("market.quote_age_s", 3.1, "NO_MARKET_DATA"),
        ("market.quote", WIDE, "SPREAD_TOO_WIDE"),
        ("market.quote", MOVED, "PRICE_MOVED"),
        ("market.quote_flags", frozenset({"A_VERTICAL"}), "QUOTE_ARBITRAGE"),
        ("account", None, "ACCOUNT_STALE"),
        ("account.at", AT - timedelta(seconds=31), "ACCOUNT_STALE"),
        ("account.equity_usd", Decimal(0), "ACCOUNT_STALE"),
        ("allowed_accounts", frozenset({"DU2"}), "ACCOUNT_NOT_ALLOWED"),
        ("account.available_usd", Decimal(-1), "CASH_INSUFFICIENT"),
        ("holdings.open", tuple(held(f"S{n}") for n in range(10)), "MAX_POSITIONS"),
        ("holdings.open", (held("SPY"), held("SPY")), "MAX_POSITIONS_SYMBOL"),
        ("holdings.open", (held("SPY", strategy="0DTE", pending=True),), "MAX_PENDING"),
        ("holdings.unknown_in_symbol_n", 1, "UNRESOLVED"),
        ("holdings.open", (held("SPY", -1),), "OPPOSITE_POSITION"),
        ("holdings.open", (held("SPY"), held("QQQ")), "CORRELATED_EXPOSURE"),
        ("holdings.open", (held("IWM"), held("TSLA")), "CORRELATED_EXPOSURE"),
        ("holdings.open", (held("QQQ", premium=8_001),), "CORRELATED_EXPOSURE"),
        (
            "holdings.greeks",
            Greeks(Decimal(-100_001), Decimal(0), Decimal(0), Decimal(0)),
            "GREEK_LIMIT",
        ),
        (
            "holdings.greeks",
            Greeks(Decimal(0), Decimal(20_001), Decimal(0), Decimal(0)),
            "GREEK_LIMIT",
        ),
        (
            "holdings.greeks",
            Greeks(Decimal(0), Decimal(0), Decimal(1_001), Decimal(0)),
            "GREEK_LIMIT",
        ),
        (
            "holdings.greeks",
            Greeks(Decimal(0), Decimal(0), Decimal(0), Decimal(-2_001)),
            "GREEK_LIMIT",
        ),
        ("holdings.day_pnl_usd", Decimal(-1_500), "DAILY_LOSS"),
        ("desk.cooling", True, "LOSS_STREAK"),
        ("holdings.drawdown_frac", Decimal("0.10"), "DRAWDOWN"),
        ("desk.vol_spike", True, "VOL_SPIKE"),
        ("desk.vol_spike", None, "VOL_SPIKE"),
        ("holdings.contract_buys_n", 15, "BROKER_ORDER_LIMIT"),
        ("holdings.contract_sells_n", 14, "BROKER_ORDER_LIMIT"),
        ("holdings.contract_foreign_sells_n", 1, "BOTH_SIDES"),
        ("desk.orders_last_s", 5, "RATE_LIMIT"),
        ("desk.messages_left", 2, "RATE_LIMIT"),
    ],
)
def test_a_spoiled_fact_is_denied_by_its_rule(
    spoiled: Spoil, proposal: Proposal, facts: Facts, path: str, value: object, code: str
) -> None:
    verdict = gate.check(proposal, spoiled(facts, path, value), LIMITS)

    assert isinstance(verdict.answer, gate.Denied)
    assert verdict.answer.code == code


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("live", False, "MODE_SHADOW"),
        ("limit", None, "PRICE_COLLAR"),
        ("limit", Decimal("2.44"), "PRICE_COLLAR"),
        ("limit", Decimal("1.57"), "PRICE_COLLAR"),
        ("stop", None, "PROTECTION_INFEASIBLE"),
        ("stop", Decimal("2.00"), "PROTECTION_INFEASIBLE"),
        (
            "signal.contract",
            OptionContract("SPY1", datetime(2025, 11, 21).date(), Right.CALL, Decimal(600)),
            "CONTRACT_ADJUSTED",
        ),
    ],
)
def test_a_spoiled_proposal_is_denied(
    spoiled: Spoil, proposal: Proposal, facts: Facts, path: str, value: object, code: str
) -> None:
    verdict = gate.check(spoiled(proposal, path, value), facts, LIMITS)

    assert isinstance(verdict.answer, gate.Denied)
    assert verdict.answer.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sizing_reasons": ("KELLY_NO_EDGE",), "contracts": 0}, "KELLY_NO_EDGE"),
        ({"contracts": 0}, "ZERO_SIZE"),
        ({"notional_usd": Decimal(25_001)}, "NOTIONAL_BUYING_POWER"),
        ({"contracts": 51}, "MAX_ORDER_CONTRACTS"),
        ({"notional_usd": Decimal(5_001)}, "MAX_ORDER_NOTIONAL"),
        ({"risk_usd": Decimal(4_601)}, "POSITION_HEAT"),
        ({"greeks": None}, "GREEK_LIMIT"),
        ({"greeks": Greeks(Decimal(100_001), Decimal(0), Decimal(0), Decimal(0))}, "GREEK_LIMIT"),
        ({"notional_usd": Decimal("NaN")}, "NOTIONAL_BUYING_POWER"),
    ],
)
def test_the_true_notional_is_asked_about_again(
    sized: Proposal, facts: Facts, changes: dict[str, Any], code: str
) -> None:
    verdict = gate.recheck(replace(sized, **changes), facts, LIMITS)

    assert isinstance(verdict.answer, gate.Denied)
    assert verdict.answer.code == code


def test_notional_within_buying_power_must_be_there_in_cash(
    spoiled: Spoil, sized: Proposal, facts: Facts
) -> None:
    verdict = gate.recheck(sized, spoiled(facts, "account.available_usd", Decimal(1_000)), LIMITS)

    assert verdict.answer == gate.Denied("CASH_INSUFFICIENT", Decimal("1404.55"), Decimal(1_000))


def test_premium_of_one_symbol_adds_up(spoiled: Spoil, sized: Proposal, facts: Facts) -> None:
    verdict = gate.recheck(
        sized, spoiled(facts, "holdings.open", (held("SPY", premium=4_000),)), LIMITS
    )

    assert isinstance(verdict.answer, gate.Denied)
    assert verdict.answer.code == "SYMBOL_EXPOSURE"


@pytest.mark.parametrize("path", OPTIONAL)
def test_a_missing_fact_is_denied(
    spoiled: Spoil, proposal: Proposal, facts: Facts, path: str
) -> None:
    assert not gate.check(proposal, spoiled(facts, path, None), LIMITS).allowed


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_denied(
    spoiled: Spoil, proposal: Proposal, facts: Facts, path: str, value: float
) -> None:
    assert not gate.check(proposal, spoiled(facts, path, value), LIMITS).allowed


@pytest.mark.parametrize("path", MONEY)
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_money_that_is_none_is_denied(
    spoiled: Spoil, proposal: Proposal, facts: Facts, path: str, value: str
) -> None:
    assert not gate.check(proposal, spoiled(facts, path, Decimal(value)), LIMITS).allowed


def test_a_missing_correlation_matters_from_two_positions_on(
    spoiled: Spoil, proposal: Proposal, facts: Facts
) -> None:
    one = spoiled(facts, "holdings.correlations", None)
    two = spoiled(one, "holdings.open", (held("QQQ"), held("AAPL")))

    assert gate.check(proposal, one, LIMITS).allowed
    assert gate.check(proposal, two, LIMITS).denials[0].code == "CORRELATED_EXPOSURE"


def test_opposite_directions_are_not_alike(
    spoiled: Spoil, proposal: Proposal, facts: Facts
) -> None:
    hedged = spoiled(facts, "holdings.open", (held("QQQ"), held("QQQ", -1), held("AAPL")))

    assert gate.check(proposal, hedged, LIMITS).allowed


def test_the_record_has_every_rule_after_a_denial(
    spoiled: Spoil, proposal: Proposal, facts: Facts
) -> None:
    halted = spoiled(spoiled(facts, "desk.state", TradingState.HALTED), "desk.vol_spike", True)

    verdict = gate.check(proposal, halted, LIMITS)

    assert [g.code for g in verdict.gates] == [rule.code for rule in gate.BEFORE_SIZING]
    assert [d.code for d in verdict.denials] == ["STATE_HALTED", "STATE_REDUCING", "VOL_SPIKE"]


def test_a_denial_carries_value_and_threshold(
    spoiled: Spoil, proposal: Proposal, facts: Facts
) -> None:
    verdict = gate.check(proposal, spoiled(facts, "market.blind_300s_s", 20.0), LIMITS)

    assert str(verdict.answer) == "BLIND_TIME: 20.0 against 15.0"


@pytest.mark.parametrize(
    ("equity", "margin", "denied"),
    [
        pytest.param(1_600, 1_500, [], id="covered"),
        pytest.param(1_400, 1_500, ["WHATIF_MARGIN"], id="WHATIF_MARGIN short"),
        pytest.param(None, 1_500, ["WHATIF_MARGIN"], id="WHATIF_MARGIN no equity"),
        pytest.param(1_600, None, ["WHATIF_MARGIN"], id="WHATIF_MARGIN unset"),
    ],
)
def test_an_unset_what_if_is_unknown(
    spoiled: Spoil,
    sized: Proposal,
    facts: Facts,
    equity: int | None,
    margin: int | None,
    denied: list[str],
) -> None:
    asked = spoiled(
        spoiled(facts, "desk.whatif_equity_usd", equity), "desk.whatif_margin_usd", margin
    )

    assert [one.code for one in gate.last(sized, asked, LIMITS).denials] == denied


def test_settlement_distance_depends_on_the_strategy(
    spoiled: Spoil, proposal: Proposal, facts: Facts
) -> None:
    soon = spoiled(facts, "market.settles_s", 2_000)

    assert not gate.check(proposal, soon, LIMITS).allowed
    assert gate.check(spoiled(proposal, "signal.strategy", Strategy.ONE_DTE), soon, LIMITS).allowed


def test_every_code_of_the_specification_has_a_rule(shared: Path) -> None:
    text = (shared / "DOMAIN.md").read_text()
    table = text[text.index("### 6.6") : text.index("### 6.7")]
    wanted = {
        code
        for row in table.splitlines()
        if row.startswith("| `")
        for code in re.findall(r"`([A-Z_]{6,})`", row)
    }
    rules = {*gate.BEFORE_SIZING, *gate.AFTER_SIZING, exposure.margin_suffices}

    assert wanted - {"SHORT_FORBIDDEN"} <= {rule.code for rule in rules}
    assert len(wanted) >= 40


def test_an_unknown_regime_is_denied_by_its_name(
    spoiled: Spoil, proposal: Proposal, facts: Facts
) -> None:
    verdict = gate.check(proposal, spoiled(facts, "desk.vol_spike", None), LIMITS)

    expected = "VOL_SPIKE: volatility regime unknown against a known regime"
    assert str(verdict.answer) == expected
