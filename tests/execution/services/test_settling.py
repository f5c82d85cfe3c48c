"""What is still held at its expiry: settled at the official close, and what the broker then shows."""

from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import Position, Quarantine, Reconciliation, RiskEvent, Settlement
from execution.services import managing, reconciling, settling
from quanticity.domain import calendar
from quanticity.domain.market import Bar
from quanticity.domain.orders import Holding
from quanticity.gateway.ports import BrokerFacts
from quanticity.store import market
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
SHARES = 4_711  # the broker's number of the underlying


def closed_at(price: float) -> None:
    session = calendar.session(factories.TODAY)
    bar = Bar("SPY", session.open_at, price, price, price, price, 1.0, price)
    market.replace_bars("SPY", "1day", [bar])


def night(world: Any) -> None:
    """Just after the broker's books have rolled."""
    world.at = calendar.session(factories.TODAY).close_at + settling._ROLL


def shows(world: Any, **held: int) -> Reconciliation:
    """The broker shows contracts (`option=3`) and shares (`shares=300`)."""
    numbers = {"option": (factories.CON_ID, factories.OCC), "shares": (SHARES, "SPY")}
    facts = BrokerFacts(
        at=world.at, open_orders=(), completed_orders=(), fills=(), account=None,
        holdings=tuple(
            Holding(factories.ACCOUNT, *numbers[name], quantity, Decimal(200))
            for name, quantity in held.items()
        ),
    )  # fmt: skip
    reconciling.reconcile(facts)
    return Reconciliation.objects.latest("pk")


@pytest.mark.parametrize(
    ("right", "close", "worth"),
    [
        pytest.param("C", 599.0, "0", id="call out of the money"),
        pytest.param("C", 600.0, "0", id="call at the money"),
        pytest.param("C", 600.01, "0.01", id="call in the money by a cent"),
        pytest.param("C", 612.5, "12.5", id="call deep in the money"),
        pytest.param("P", 612.5, "0", id="put out of the money"),
        pytest.param("P", 600.0, "0", id="put at the money"),
        pytest.param("P", 599.99, "0.01", id="put in the money by a cent"),
        pytest.param("P", 587.5, "12.5", id="put deep in the money"),
    ],
)
def test_it_settles_at_the_official_close(world: Any, right: str, close: float, worth: str) -> None:
    Position.objects.filter(pk=desks.held().pk).update(occ=f"SPY251121{right}00600000")
    closed_at(close)
    night(world)

    settling.settle_due()

    row = Settlement.objects.get()
    assert (row.quantity, row.price) == (3, Decimal(worth))
    assert row.exercised is (worth != "0")
    position = Position.objects.get()
    assert (position.state, position.quantity_open) == ("SETTLED", 0)
    told = RiskEvent.objects.filter(code="EXERCISED", threshold="CRITICAL")
    assert told.exists() is row.exercised


def test_shares_of_a_put_are_owed_by_us(world: Any) -> None:
    Position.objects.filter(pk=desks.held().pk).update(occ="SPY251121P00600000")
    closed_at(587.5)
    night(world)
    settling.settle_due()

    assert shows(world, shares=-300).is_clean
    assert Quarantine.objects.get().detail.startswith("-300 shares of SPY")


def test_without_an_official_close_it_waits_and_says_so(world: Any) -> None:
    desks.held()
    night(world)

    settling.settle_due()

    assert not Settlement.objects.exists()
    assert RiskEvent.objects.get().code == "SETTLEMENT_UNKNOWN"


def test_one_that_cannot_be_settled_keeps_no_other_from_being_managed(world: Any) -> None:
    broken, other = desks.held(1), desks.held(2)
    Position.objects.filter(pk=broken.pk).update(occ="no contract at all")
    closed_at(599.0)
    night(world)

    managing.manage_positions()

    assert Position.objects.get(pk=other.pk).state == "SETTLED"
    assert Quarantine.objects.filter(kind="NOT_SETTLED").exists()


def test_a_broker_that_keeps_it_for_the_weekend_is_no_break(world: Any) -> None:
    desks.held()
    closed_at(599.0)
    night(world)
    settling.settle_due()

    assert shows(world, option=3).is_clean
    world.advance(2 * 86_400)
    assert shows(world, option=3).is_clean
    world.advance(86_400)
    assert shows(world).is_clean
    assert not Quarantine.objects.exists()


@pytest.mark.parametrize(
    ("days", "quantity"), [(0, 2), (0, 4), (6, 3)], ids=["fewer", "more", "for a week"]
)
def test_what_is_not_as_it_was_settled_is_a_break(world: Any, days: int, quantity: int) -> None:
    desks.held()
    closed_at(599.0)
    night(world)
    settling.settle_due()
    world.advance(days * 86_400)

    assert not shows(world, option=quantity).is_clean


def test_shares_of_an_exercise_are_explained_shown_and_block_their_symbol(world: Any) -> None:
    desks.held()
    closed_at(612.5)
    night(world)
    settling.settle_due()

    assert shows(world, shares=300).is_clean

    row = Quarantine.objects.get()
    assert (row.kind, row.symbol) == ("SHARES_EXERCISED", "SPY")
    assert row.detail == "+300 shares of SPY from an exercise: to be closed by an operator"
    assert selectors.quarantines("SPY", "").exists()
    assert not selectors.quarantines("QQQ", "").exists()


def test_shares_sold_by_hand_are_gone_from_the_list(world: Any) -> None:
    desks.held()
    closed_at(612.5)
    night(world)
    settling.settle_due()
    shows(world, shares=300)

    assert shows(world, shares=100).is_clean
    assert Quarantine.objects.get().detail.startswith("+100 shares")
    assert shows(world).is_clean
    assert Quarantine.objects.get().ended_by == "reconciliation"


@pytest.mark.parametrize("shares", [400, -300], ids=["more", "the other way"])
def test_shares_that_no_exercise_explains_are_a_break(world: Any, shares: int) -> None:
    desks.held()
    closed_at(612.5)
    night(world)
    settling.settle_due()
    shows(world, shares=shares)
    world.advance(11)

    assert not shows(world, shares=shares).is_clean
