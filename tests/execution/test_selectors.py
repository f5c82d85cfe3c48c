"""What execution tells the stages after it, and the gateway process."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import Fill, Order, OrderIntent, Position, PositionEvent
from execution.services import booking, broker, costs, operating, telling
from quanticity.domain.orders import TradingState
from quanticity.domain.signals import Acknowledgement
from tests import factories
from tests.factories import fill, ref, update

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
A, R, H = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED


def filled(n: int = 1, **changes: Any) -> Position:
    """A position of three that was just opened."""
    intent = factories.intent(n, **changes)
    broker.record_fill(fill(ref(intent, "E"), 3, "2.00", n, exec_id=f"in{n}.01"))
    booking.book(intent.pk)
    return Position.objects.get(intent=intent)


def test_trading_is_active_until_somebody_says_otherwise() -> None:
    assert selectors.trading_state("0DTE", "SPY") is A


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param({"global": R}, R, id="global"),
        pytest.param({"0DTE": R, "SPY": H}, H, id="the most severe"),
        pytest.param({"global": A, "0DTE": R}, R, id="one scope"),
        pytest.param({"MOC": H, "QQQ": H}, A, id="others'"),
    ],
)
def test_the_most_severe_state_counts(
    rows: dict[str, TradingState], expected: TradingState
) -> None:
    for scope, state in rows.items():
        operating.set_state(scope, state, actor="ann", reason="drill")

    assert selectors.trading_state("0DTE", "SPY") is expected


@pytest.mark.parametrize(
    ("changes", "said", "ended"),
    [
        pytest.param(
            {"state": "BLOCKED", "denied_by": "DRAWDOWN"}, "RISK_REJECTED", True, id="denied"
        ),
        pytest.param({"state": "BLOCKED", "denied_by": "SIGNAL_STALE"}, "STALE", True, id="stale"),
        pytest.param({"state": "BLOCKED", "denied_by": "MODE_SHADOW"}, "SHADOW", True, id="shadow"),
        pytest.param(
            {"state": "BLOCKED", "denied_by": "NO_MARKET_DATA"},
            "NO_MARKET_DATA",
            True,
            id="no quote",
        ),
        pytest.param({"state": "REJECTED"}, "REJECTED", True, id="refused by the broker"),
        pytest.param({"state": "CANCELLED"}, "TIMEOUT", True, id="given up"),
        pytest.param({"state": "EXPIRED"}, "STALE", True, id="never arrived"),
    ],
)
def test_the_answer_to_a_signal_without_a_trade(
    changes: dict[str, str], said: str, ended: bool
) -> None:
    answer = selectors.answer_of(factories.intent(**changes))

    assert (answer.acknowledgement, answer.ended) == (Acknowledgement(said), ended)


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        ("OPEN", False),
        ("CLOSING", False),
        ("QUARANTINED", False),
        ("CLOSED", True),
        ("SETTLED", True),
    ],
)
def test_a_trade_ends_its_signal_when_it_is_over(state: str, ended: bool) -> None:
    position = filled()
    Position.objects.update(state=state, exit_reason="STOP")

    answer = selectors.answer_of(OrderIntent.objects.get(pk=position.intent_id))

    assert (answer.acknowledgement, answer.code, answer.ended) == ("FILLED", "STOP", ended)


def test_contracts_to_hold_are_those_held_or_on_their_way() -> None:
    filled(1)
    factories.intent(2, occ="SPY251121P00590000", signal_changes={"direction": -1})
    factories.intent(3, occ="SPY251121P00580000", state="BLOCKED", signal_changes={"symbol": "QQQ"})

    assert [c.occ for c in selectors.contracts_to_hold()] == [factories.OCC, "SPY251121P00590000"]


@pytest.mark.parametrize(
    ("ago_s", "quoted"), [(359, True), (361, False)], ids=["free still waits", "all have heard"]
)
def test_what_was_just_left_is_quoted_until_the_last_tier_has_heard(
    noon: Any, ago_s: int, quoted: bool
) -> None:
    filled()
    OrderIntent.objects.update(state="FILLED")
    closed_at = noon.at - timedelta(seconds=ago_s)
    Position.objects.update(state="CLOSED", quantity_open=0, closed_at=closed_at)

    assert bool(selectors.contracts_to_hold()) is quoted


@pytest.mark.parametrize(
    ("state", "stop_filled", "protected"),
    [
        pytest.param("WORKING", 0, 3, id="whole"),
        pytest.param("UNKNOWN", 0, 0, id="in doubt"),
        pytest.param("WORKING", 1, 2, id="in part"),
        pytest.param("CANCELLED", 0, 0, id="gone"),
    ],
)
def test_only_a_working_stop_protects(state: str, stop_filled: int, protected: int) -> None:
    position = filled()
    Order.objects.filter(role="S").update(state=state, filled=stop_filled)

    assert selectors.protected_quantity(position) == protected


def test_fills_carry_their_net_cost_when_it_is_known() -> None:
    position = filled()
    one = Fill.objects.get()
    assert [f.commission for f in selectors.domain_fills([one.order_ref])] == [None]

    costs.record_commission(one.pk, Decimal("-0.40"), "USD")

    assert [f.commission for f in selectors.domain_fills([one.order_ref])] == [Decimal("-0.40")]
    assert position.events_n == 1


@pytest.mark.parametrize(
    ("state", "said", "known", "awaits"),
    [
        pytest.param("FILLED", 3, 2, True, id="filled, one to come"),
        pytest.param("FILLED", 3, 3, False, id="filled, all here"),
        pytest.param("CANCELLED", 2, 1, True, id="cancelled, one to come"),
        pytest.param("CANCELLED", 0, 0, False, id="cancelled, none"),
        pytest.param("WORKING", 1, 0, True, id="working, one to come"),
    ],
)
def test_executions_that_were_spoken_of_are_awaited(
    state: str, said: int, known: int, awaits: bool
) -> None:
    intent = factories.intent()
    broker.record_order(update(ref(intent, "E"), "WORKING", 1, filled=said))
    Order.objects.filter(role="E").update(state=state, filled=known)

    assert selectors.awaits_fills(Order.objects.get(role="E")) is awaits


def test_books_say_what_we_believe() -> None:
    filled()
    costs.record_commission(Fill.objects.get().pk, Decimal("1.95"), "USD")
    factories.account(cash_usd=Decimal(999_398))

    said = selectors.books()

    assert [p["quantity"] for p in said["positions"]] == [3]
    assert (said["cash"], said["commissions"], said["realized_pnl"]) == (999_398.0, 1.95, 0.0)
    assert [(f["quantity"], f["price"], f["commission"]) for f in said["fills"]] == [(3, 2.0, 1.95)]
    assert len(said["orders"]) == 3


def test_events_are_owed_until_they_are_taken_over() -> None:
    filled()
    (event,) = selectors.owed_events(10)

    PositionEvent.objects.filter(pk=event.pk).update(announced=True)

    assert selectors.owed_events(10) == []


def test_signals_that_nothing_was_begun_for() -> None:
    begun = factories.intent(1).signal_id

    assert selectors.without_intent([begun, "SG-other"]) == ["SG-other"]


def test_what_is_fresh(noon: Any) -> None:
    assert selectors.is_fresh(noon.at - timedelta(seconds=5), 5)
    assert not selectors.is_fresh(noon.at - timedelta(seconds=5.1), 5)
    assert not selectors.is_fresh(None, 5)


def test_naked_time_of_a_session_is_summed() -> None:
    filled(1)
    filled(2, signal_changes={"direction": -1})
    Position.objects.update(naked_ms=125)

    assert selectors.naked_ms(factories.TODAY) == 250


def test_a_closed_trade_whose_exit_is_untold_is_still_to_be_booked() -> None:
    position = filled()
    Fill.objects.update(booked=True)
    OrderIntent.objects.update(state="FILLED")
    Position.objects.update(state="CLOSED")
    assert selectors.intents_to_book() == [position.intent_id]

    telling.write_event(position, "EXIT", factories.NOON, {})

    assert selectors.intents_to_book() == []


@pytest.mark.parametrize(
    ("sold_by_stop", "code"),
    [
        pytest.param(0, "TIME", id="by the clock alone"),
        pytest.param(1, "STOP", id="a part stopped"),
    ],
)
def test_a_trade_that_was_stopped_in_part_was_stopped(sold_by_stop: int, code: str) -> None:
    held = filled()
    Position.objects.update(state="CLOSED", exit_reason="TIME")
    Order.objects.filter(intent=held.intent, role="S").update(filled=sold_by_stop)

    answer = selectors.answer_of(OrderIntent.objects.get(pk=held.intent_id))

    assert (answer.code, answer.ended) == (code, True)
