"""Facts sorted: the market to the recorder, money to a queue in the order it came."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics.ingestion.recorder import Recorder
from execution.models import BrokerConnection
from quanticity.domain.clock import ReplayedClock, using
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Account
from quanticity.gateway.ports import Connection, ConnectionState, ContractQuote
from quanticity.management.gateway.listener import CommissionFact, FactListener, Opened
from quanticity.management.gateway.scribe import write_facts
from quanticity.store import market
from tests import factories
from tests.factories import NOON, OCC, fill, update

MILLION = Decimal(1_000_000)


@pytest.fixture
def listener(noon: Any) -> FactListener:
    """A listener with a real recorder behind it."""
    return FactListener(Recorder("sim"))


def test_money_is_queued_in_the_order_it_came(listener: FactListener) -> None:
    account = Account("DU1", MILLION, MILLION, MILLION, MILLION, NOON)
    bought, said = fill("", 3, "2.00"), update("", "WORKING")

    listener.on_order(said)
    listener.on_fill(bought)
    listener.on_commission("e.01", None, "USD")
    listener.on_account(account)

    assert list(listener.money) == [said, bought, CommissionFact("e.01", None, "USD"), account]


@pytest.mark.usefixtures("store")
def test_a_contracts_quote_is_kept_under_its_code(listener: FactListener) -> None:
    quote = ContractQuote(parse_occ(OCC), 77, 1.99, 2.01, 5, 6, 2.0, 10, 20, NOON)

    listener.on_contract_quote(quote)
    listener._recorder.flush()

    found = market.contract_quote(OCC)
    assert found is not None
    assert (found.bid, found.ask, found.event_at) == (1.99, 2.01, NOON)


@pytest.mark.usefixtures("store")
def test_market_facts_go_to_the_recorder_and_not_to_the_queue(listener: FactListener) -> None:
    listener.on_quote(factories.quote("SPY", 599.99, 600.01))
    listener.on_chain(factories.chain())

    assert list(listener.money) == []
    assert listener._recorder.flush() == ("SPY",)
    assert market.quote("SPY") is not None


def test_the_link_is_remembered(listener: FactListener) -> None:
    link = Connection(ConnectionState.BLIND, NOON, None, None, None, 0)

    listener.on_connection(link)

    assert listener.connection is link


@pytest.mark.parametrize(("speed", "half_s"), [(1.0, 0.1), (10.0, 1.0)])
def test_the_brokers_clock_is_held_against_the_middle_of_the_round_trip(
    make_listener: Callable[[], FactListener], speed: float, half_s: float
) -> None:
    with using(ReplayedClock(NOON, speed)):
        listener = make_listener()
        listener.on_broker_time(NOON, 0.2)

    assert listener.broker_time == (NOON, NOON - timedelta(seconds=half_s))


@pytest.fixture
def make_listener() -> Callable[[], FactListener]:
    """Make a listener by the clock in force."""
    return lambda: FactListener(Recorder("sim"))


def test_each_connection_is_queued_once_before_what_comes_over_it(listener: FactListener) -> None:
    first, second = NOON, NOON + timedelta(minutes=5)
    for opened_at in (None, first, first, second, second):
        state = ConnectionState.CONNECTED
        listener.on_connection(Connection(state, NOON, NOON, "DU1", 176, 0, opened_at=opened_at))
        listener.on_commission("e.01", None, "USD")

    cost = CommissionFact("e.01", None, "USD")
    assert list(listener.money) == [cost, Opened(first), cost, cost, Opened(second), cost, cost]


@pytest.mark.django_db
def test_a_connection_is_a_row_whose_sign_is_its_own(listener: FactListener) -> None:
    write_facts([Opened(NOON), Opened(NOON + timedelta(minutes=5))])

    assert [row.costs for row in BrokerConnection.objects.all()] == ["cost_positive"] * 2
