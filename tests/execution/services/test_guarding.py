"""Contracts sold short: believed when the broker says so too, then bought back at where it trades."""

from decimal import Decimal
from typing import Any

import pytest

from execution.models import Fill, Order, Position, TradingScope
from execution.services import booking, broker, protecting, reconciling, wishes
from quanticity.domain.orders import Fill as Execution
from quanticity.domain.orders import Role
from tests import factories
from tests.factories import ref
from tests.floors import Floor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


@pytest.fixture
def gap() -> Floor:
    """The entry filled while the line was cut; the target's first execution is heard after."""
    floor = Floor(3)
    floor.broker.fill(ref(floor.intent, "E"), 3, "2.00")
    floor.listener.money.clear()
    floor.broker.fill(ref(floor.intent, "T"), 1, "3.50")
    floor.write()
    return floor


def buys() -> list[Order]:
    return list(Order.objects.filter(role="F"))


def sold_short() -> tuple[Floor, Execution]:
    """Three bought, four sold: somebody sold one by hand while the target filled."""
    floor = Floor(3)
    floor.enter()
    floor.settle()
    by_hand = factories.fill("", -4, "1.00", 30, exec_id="hand.01")
    floor.broker.fills.append(by_hand)
    broker.record_fill(by_hand)
    booking.book_owed()
    return floor, by_hand


def test_a_sale_that_is_heard_before_its_purchase_is_asked_about(gap: Floor) -> None:
    assert Position.objects.get().quantity_open == -1
    assert (buys(), wishes.comparisons_wanted()) == ([], 1)

    reconciling.reconcile(gap.broker.snapshot())

    assert Position.objects.get().quantity_open == 2
    assert (buys(), TradingScope.objects.count()) == ([], 0)


def test_a_buy_back_that_was_not_sent_is_let_go_when_the_purchase_is_found(gap: Floor) -> None:
    row = factories.order(gap.intent, Role.FLATTEN, "BUY", parent_ref="")

    reconciling.reconcile(gap.broker.snapshot())

    row.refresh_from_db()
    assert (row.state, gap.broker.quantity()) == ("EXPIRED", 2)


def test_contracts_sold_short_are_bought_back_once_the_broker_agrees(noon: Any) -> None:
    floor, _ = sold_short()
    assert buys() == []
    noon.advance(31)

    reconciling.reconcile(floor.broker.snapshot())
    floor.serve()
    floor.quote(1.99, 2.01)
    protecting.tend(floor.intent.pk)

    (row,) = buys()
    assert (row.side, row.quantity, row.limit_price) == ("BUY", 1, Decimal("2.01"))
    assert TradingScope.objects.get(pk="global").state == "HALTED"


def test_a_buy_back_follows_the_ask(noon: Any) -> None:
    floor, _ = sold_short()
    noon.advance(31)
    reconciling.reconcile(floor.broker.snapshot())
    floor.serve()
    floor.quote(1.99, 2.01)
    protecting.tend(floor.intent.pk)
    floor.serve()

    floor.quote(2.50, 2.60)
    protecting.tend(floor.intent.pk)
    floor.serve()

    (row,) = buys()
    assert (row.state, row.limit_price) == ("WORKING", Decimal("2.60"))
    assert Fill.objects.filter(order_ref=row.pk).count() == 0
