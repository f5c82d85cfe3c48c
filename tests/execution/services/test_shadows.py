"""What was never sent is followed on paper of our own, and prices the gate that stopped it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics.models import Decision, Signal
from execution import selectors
from execution.models import OrderIntent, ShadowTrade
from execution.services import shadows
from quanticity.domain import clock
from quanticity.store import market
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
CONTRACT = {
    "contract": {"root": "SPY", "expiry": "2025-11-21", "right": "C", "strike": "600"},
    "multiplier": 100,
}


def stopped(*codes: str, contract: Any = CONTRACT, **changes: Any) -> Decision:
    """A decision of this moment that some gates stopped."""
    gates = [{"code": "SESSION", "passed": True}]
    gates += [{"code": code, "passed": False} for code in codes]
    values: dict[str, Any] = {
        "strategy": "0DTE", "symbol": "SPY", "at": clock.now(), "outcome": "VETO",
        "direction": 1, "confidence": 95.0, "config_hash": "x", "source": "sim",
        "explanation": {"gates": gates, "contract": contract},
    }  # fmt: skip
    return Decision.objects.create(**values | changes)


def quote(bid: float, ask: float) -> None:
    market.write_contract_quotes([factories.quote(bid=bid, ask=ask)])


def trades() -> list[tuple[str, str]]:
    return list(ShadowTrade.objects.order_by("pk").values_list("gate", "state"))


def test_a_veto_is_followed_from_the_quote_of_the_moment() -> None:
    stopped("LOW_TOXICITY")
    quote(1.90, 2.10)

    shadows.follow()

    row = ShadowTrade.objects.get()
    assert (row.gate, row.is_sole, row.occ) == ("LOW_TOXICITY", True, factories.OCC)
    assert (row.entry_price, row.stop_price, row.target_price) == (
        Decimal("2.0750"), Decimal("1.0375"), Decimal("2.6975"),
    )  # fmt: skip


def test_the_first_gate_that_failed_bears_it() -> None:
    stopped("STALE", "LOW_TOXICITY")
    quote(1.90, 2.10)

    shadows.follow()

    row = ShadowTrade.objects.get()
    assert (row.gate, row.is_sole) == ("STALE", False)


def test_one_of_a_kind_is_followed_at_a_time(noon: Any) -> None:
    quote(1.90, 2.10)
    for _ in range(3):
        stopped("LOW_TOXICITY")
        shadows.follow()
        noon.advance(1)
    stopped("NO_PRESSURE")
    shadows.follow()

    assert trades() == [("LOW_TOXICITY", "open"), ("NO_PRESSURE", "open")]


@pytest.mark.parametrize(
    ("bid", "reason", "net"),
    [
        pytest.param(2.70, "TARGET", Decimal("63.70"), id="target"),
        pytest.param(0.90, "STOP", Decimal("-116.30"), id="stop"),
    ],
)
def test_it_leaves_at_what_a_sale_would_bring(bid: float, reason: str, net: Decimal) -> None:
    stopped("LOW_TOXICITY")
    quote(1.90, 2.10)
    shadows.follow()
    quote(bid, bid + 0.20)

    shadows.follow()

    row = ShadowTrade.objects.get()
    assert (row.state, row.exit_reason, row.net_usd) == ("closed", reason, net)


def test_its_time_ends_with_the_strategys(noon: Any) -> None:
    stopped("LOW_TOXICITY")
    quote(1.90, 2.10)
    shadows.follow()
    noon.advance(timedelta(hours=3, minutes=46).total_seconds())
    quote(1.90, 2.10)

    shadows.follow()

    assert ShadowTrade.objects.get().exit_reason == "TIME"


def test_without_a_quote_nothing_is_guessed(noon: Any) -> None:
    stopped("LOW_TOXICITY")
    quote(1.90, 2.10)
    shadows.follow()
    noon.advance(timedelta(hours=5).total_seconds())

    shadows.follow()

    row = ShadowTrade.objects.get()
    assert (row.state, row.exit_price, row.net_usd) == ("unpriced", None, None)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"contract": None}, id="no contract was known"),
        pytest.param({"outcome": "EMITTED"}, id="it was emitted"),
        pytest.param({"direction": 0}, id="it had no direction"),
        pytest.param({"source": "replay"}, id="it is of another world"),
    ],
)
def test_what_was_not_stopped_by_a_gate_is_not_followed(changes: dict[str, Any]) -> None:
    stopped("LOW_TOXICITY", **changes)
    quote(1.90, 2.10)

    shadows.follow()

    assert trades() == []


def blocked(code: str, **changes: Any) -> Signal:
    """A signal whose order a rule denied."""
    row = factories.signal(decision=stopped(outcome="EMITTED"), **changes)
    OrderIntent.objects.create(
        intent_id="I1", signal=row, role="E", state="BLOCKED", denied_by=code, strategy="0DTE",
        symbol="SPY", direction=1, occ=row.occ, multiplier=100, created_at=clock.now(),
        source="sim",
    )  # fmt: skip
    return row


def test_a_denied_order_prices_the_rule_that_denied_it() -> None:
    blocked("GREEK_LIMIT")
    quote(1.90, 2.10)

    shadows.follow()

    assert trades() == [("RISK GREEK_LIMIT", "open")]


def test_a_strategy_in_shadow_is_followed_and_frees_its_lock_at_the_end() -> None:
    row = blocked("MODE_SHADOW", mode="shadow")
    quote(1.90, 2.10)
    shadows.follow()
    still = selectors.ended_shadows([row.pk])
    quote(2.70, 2.90)

    shadows.follow()

    assert (trades(), still) == ([("SHADOW", "closed")], [])
    assert selectors.ended_shadows([row.pk]) == [(row.pk, "TARGET")]


def test_a_shadow_that_never_had_a_quote_ends_as_well(noon: Any) -> None:
    row = blocked("MODE_SHADOW", mode="shadow")
    noon.advance(61)

    assert selectors.ended_shadows([row.pk]) == [(row.pk, "NO_QUOTE")]


def test_gates_are_ordered_by_what_they_cost() -> None:
    for n, (gate, net) in enumerate((("STALE", 10), ("BLIND", 99), ("STALE", 20)), start=1):
        ShadowTrade.objects.create(
            decision=stopped("X", at=clock.now() + timedelta(seconds=n)), gate=gate, is_sole=True,
            strategy="0DTE", symbol="SPY", direction=1, occ=factories.OCC, multiplier=100,
            entry_price=1, stop_price=1, target_price=1, mark_price=1, net_usd=net,
            state="closed", opened_at=clock.now(), source="sim",
        )  # fmt: skip

    assert [(v.gate, v.trades_n, v.saved_usd) for v in shadows.gate_values()] == [
        ("BLIND", 1, Decimal(-99)), ("STALE", 2, Decimal(-30)),
    ]  # fmt: skip
