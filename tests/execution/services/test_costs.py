"""Costs: each connection's sign found out by its own first reports; a statement's word is the last."""

from decimal import Decimal
from typing import Any

import pytest

from execution.models import BrokerConnection, Commission, Fill, OrderIntent, RiskEvent
from execution.services import broker, costs
from quanticity.domain import clock
from tests import factories
from tests.factories import ref

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
ASK = "2.01"  # of intents made by factories.intent: mid 2.00, spread 0.02


def bought(n: int, price: str = ASK) -> str:
    """Three contracts bought by the n-th intent; return the execution's id."""
    intent = factories.intent(n, signal_changes={"direction": n, "state": "ended"})
    fill = factories.fill(ref(intent, "E"), 3, price, n)
    broker.record_fill(fill)
    return fill.exec_id


def report(exec_id: str, raw: str) -> None:
    costs.record_commission(exec_id, Decimal(raw), "USD")


def net(exec_id: str) -> Decimal:
    row = Commission.objects.get(pk=exec_id)
    assert row.commission_usd is not None
    assert row.rebate_usd is not None
    return row.commission_usd - row.rebate_usd


@pytest.fixture
def connection() -> None:
    """The connection that the platform began with."""
    costs.begin_connection(clock.now())


@pytest.fixture
def negative(connection: None) -> list[str]:
    """Three reports that showed that connection's costs to be negative numbers."""
    found = [bought(n) for n in range(1, 4)]
    for exec_id in found:
        report(exec_id, "-1.95")
    return found


def test_three_negative_costs_of_marketable_entries_turn_the_sign(negative: list[str]) -> None:
    assert [net(exec_id) for exec_id in negative] == [Decimal("1.95")] * 3
    assert RiskEvent.objects.get().code == "COMMISSION_SIGN"


@pytest.mark.parametrize(
    "price", [pytest.param("2.00", id="at the mid"), pytest.param("1.99", id="at the bid")]
)
def test_an_entry_that_rested_may_have_earned_a_rebate(connection: None, price: str) -> None:
    resting = [bought(n, price) for n in range(1, 5)]
    for exec_id in resting:
        report(exec_id, "-0.30")

    assert {net(exec_id) for exec_id in resting} == {Decimal("-0.30")}
    assert not RiskEvent.objects.exists()


def test_an_entry_whose_market_nobody_kept_says_nothing(connection: None) -> None:
    found = [bought(n) for n in range(1, 4)]
    OrderIntent.objects.update(arrival_mid=None)
    for exec_id in found:
        report(exec_id, "-1.95")

    assert {net(exec_id) for exec_id in found} == {Decimal("-1.95")}


def test_another_connection_is_judged_by_its_own_reports(negative: list[str]) -> None:
    costs.begin_connection(clock.now())
    report(rebated := bought(9), "-0.30")
    report(paid := bought(10), "1.95")

    assert (net(rebated), net(paid)) == (Decimal("-0.30"), Decimal("1.95"))
    assert [net(exec_id) for exec_id in negative] == [Decimal("1.95")] * 3


def test_reports_of_an_earlier_session_count_while_the_connection_lasts(
    connection: None, noon: Any
) -> None:
    first = [bought(n) for n in range(1, 3)]
    for exec_id in first:
        report(exec_id, "-1.95")
    noon.advance(3 * 86_400)
    report(last := bought(3), "-1.95")

    assert {net(exec_id) for exec_id in (*first, last)} == {Decimal("1.95")}


def test_two_connections_do_not_add_up(connection: None) -> None:
    first = [bought(n) for n in range(1, 3)]
    for exec_id in first:
        report(exec_id, "-1.95")
    costs.begin_connection(clock.now())
    report(last := bought(3), "-1.95")

    assert {net(exec_id) for exec_id in (*first, last)} == {Decimal("-1.95")}


def test_what_a_new_connection_tells_again_shows_its_sign(negative: list[str]) -> None:
    costs.begin_connection(clock.now())
    for exec_id in negative:
        report(exec_id, "-1.95")
    report(new := bought(4), "-1.95")

    assert {net(exec_id) for exec_id in (*negative, new)} == {Decimal("1.95")}
    assert BrokerConnection.objects.filter(costs="cost_negative").count() == 2


def test_what_is_told_again_is_not_booked_again(negative: list[str]) -> None:
    Fill.objects.update(booked=True)
    costs.begin_connection(clock.now())
    report(negative[0], "-1.95")

    assert not Fill.objects.filter(booked=False).exists()


def test_a_statements_cost_outlasts_what_the_gateway_says_again(connection: None) -> None:
    report(exec_id := bought(1), "1.95")
    costs.record_stated(exec_id, Decimal("2.10"))
    report(exec_id, "1.95")

    assert net(exec_id) == Decimal("2.10")
