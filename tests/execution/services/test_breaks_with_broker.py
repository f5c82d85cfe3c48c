"""What nothing explains: quarantined, shown, resolved; what is ours without a row is taken over."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import (
    BracketReplace,
    ExtraOrder,
    Order,
    OrderIntent,
    Position,
    Quarantine,
    Reconciliation,
    RiskEvent,
)
from execution.services import broker, operating, overdue, reconciling, wishes
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import Holding, OrderUpdate
from quanticity.gateway.ports import BrokerFacts
from tests import factories
from tests.factories import ref, update
from tests.fakes import FakeBroker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
THEIRS = "manual"


@pytest.fixture
def theirs() -> FakeBroker:
    """A broker whose line to us is cut."""
    return FakeBroker()


@pytest.fixture
def bought(theirs: FakeBroker, noon: Any) -> OrderIntent:
    """Three contracts bought, their bracket working, six seconds later."""
    row = factories.intent()
    for chain in broker.take_submissions(1, 1):
        theirs.take([(one.order_id, theirs.con_id, one.ticket) for one in chain])
    theirs.fill(ref(row, "E"), 3, "2.00")
    noon.advance(6)
    return row


def compare(facts: BrokerFacts) -> Reconciliation:
    reconciling.reconcile(facts)
    return Reconciliation.objects.latest("pk")


def holding(quantity: int) -> Holding:
    return Holding(factories.ACCOUNT, factories.CON_ID, factories.OCC, quantity, Decimal(200))


def held(facts: BrokerFacts, quantity: int) -> BrokerFacts:
    return replace(facts, holdings=(holding(quantity),) if quantity else ())


def working(order_ref: str, perm_id: int, **changes: Any) -> OrderUpdate:
    return update(order_ref, "WORKING", perm_id=perm_id, **changes)


def test_more_than_our_fills_explain_is_a_break(theirs: FakeBroker, bought: OrderIntent) -> None:
    row = compare(held(theirs.snapshot(), 5))

    (one,) = Quarantine.objects.all()
    assert (row.is_clean, one.kind, one.difference) == (False, "QUANTITY_ABOVE", 2)
    assert (one.symbol, one.occ) == ("SPY", factories.OCC)
    assert Position.objects.get().state == "QUARANTINED"
    assert RiskEvent.objects.filter(code="RECONCILIATION").count() == 1


def test_the_same_break_again_is_the_same_row(theirs: FakeBroker, bought: OrderIntent) -> None:
    compare(held(theirs.snapshot(), 5))
    compare(held(theirs.snapshot(), 5))

    assert Quarantine.objects.count() == 1


def test_a_break_that_goes_away_ends_by_itself(theirs: FakeBroker, bought: OrderIntent) -> None:
    compare(held(theirs.snapshot(), 5))

    row = compare(theirs.snapshot())

    assert row.is_clean
    assert Quarantine.objects.get().ended_by == "reconciliation"
    assert Position.objects.get().state == "OPEN"


def test_less_than_we_hold_is_asked_again_before_it_is_a_break(
    theirs: FakeBroker, bought: OrderIntent, noon: Any
) -> None:
    compare(theirs.snapshot())
    compare(held(theirs.snapshot(), 2))
    assert Quarantine.objects.count() == 0
    assert reconciling.has_doubts()

    noon.advance(11)
    compare(held(theirs.snapshot(), 2))

    assert Quarantine.objects.get().kind == "QUANTITY_BELOW"
    assert Position.objects.get().quantity_open == 3


def test_what_an_operator_accepts_is_part_of_our_book(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    compare(held(theirs.snapshot(), 5))
    operating.resolve_quarantine(
        Quarantine.objects.get().pk, actor="ada", reason="two were transferred in"
    )

    assert compare(held(theirs.snapshot(), 5)).is_clean


def test_contracts_that_left_a_trade_are_not_accepted_away(
    theirs: FakeBroker, bought: OrderIntent, noon: Any
) -> None:
    compare(theirs.snapshot())
    compare(held(theirs.snapshot(), 2))
    noon.advance(11)
    compare(held(theirs.snapshot(), 2))

    with pytest.raises(MalformedInput, match="still holds 3"):
        operating.resolve_quarantine(Quarantine.objects.get().pk, actor="ada", reason="gone")


def test_a_foreign_order_blocks_its_contract_and_nothing_else(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    facts = theirs.snapshot()
    foreign = working(THEIRS, 4_711)

    row = compare(replace(facts, open_orders=(*facts.open_orders, foreign)))

    assert row.is_clean
    assert Quarantine.objects.get().kind == "ORDER_FOREIGN"
    assert selectors.quarantines("SPY", factories.OCC).exists()
    assert not selectors.quarantines("SPY", "SPY251121C00700000").exists()


def test_an_unexplained_trade_pauses_its_symbol_until_somebody_looks(theirs: FakeBroker) -> None:
    fill = factories.fill("", 2, "2.00", exec_id="m.01")
    facts = replace(held(theirs.snapshot(), 2), fills=(fill,))

    first, second = compare(facts), compare(facts)

    assert (first.is_clean, second.is_clean) == (False, True)
    assert Quarantine.objects.get(ended_at=None).kind == "FILL_EXTERNAL"
    assert selectors.quarantines("SPY", factories.OCC).exists()


def test_an_order_of_ours_without_a_row_is_taken_over(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    compare(theirs.snapshot())
    Order.objects.filter(role="S").delete()  # a restore from a backup

    row = compare(theirs.snapshot())

    stop = Order.objects.get(role="S")
    assert row.is_clean
    assert (stop.state, stop.quantity, stop.stop_price) == ("WORKING", 3, Decimal("1.00"))
    assert selectors.protected_quantity(Position.objects.get()) == 3


def test_an_order_of_ours_whose_intent_is_unknown_is_a_break(theirs: FakeBroker) -> None:
    other = ref(OrderIntent(intent_id="7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), "S")
    facts = replace(theirs.snapshot(), open_orders=(working(other, 5),))

    row = compare(facts)

    assert not row.is_clean
    assert Quarantine.objects.get().kind == "ORDER_UNRECORDED"


def test_of_two_orders_under_one_reference_the_second_is_cancelled(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    compare(theirs.snapshot())
    facts, stop = theirs.snapshot(), ref(bought, "S")
    first = next(u for u in facts.open_orders if u.order_ref == stop)
    twin = replace(first, perm_id=first.perm_id + 50, order_id=99)

    compare(replace(facts, open_orders=(*facts.open_orders, twin)))

    assert broker.take_cancels(1) == [(stop, 99)]
    assert broker.take_cancels(1) == []
    assert RiskEvent.objects.filter(code="ORDER_TWICE").count() == 1


def test_a_second_order_that_is_still_there_is_cancelled_again(
    theirs: FakeBroker, bought: OrderIntent, noon: Any
) -> None:
    compare(theirs.snapshot())
    facts, stop = theirs.snapshot(), ref(bought, "S")
    first = next(u for u in facts.open_orders if u.order_ref == stop)
    twin = replace(first, perm_id=first.perm_id + 50, order_id=99)
    both = replace(facts, open_orders=(*facts.open_orders, twin))
    compare(both)
    broker.take_cancels(1)  # and the link went before it left

    noon.advance(5.1)
    compare(both)

    assert broker.take_cancels(1) == [(stop, 99)]


def test_the_end_of_the_second_is_not_the_end_of_the_first(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    compare(theirs.snapshot())
    stop = Order.objects.get(role="S")
    ExtraOrder.objects.create(perm_id=77, order_id=99, order_ref=stop.pk, found_at=stop.sent_at)

    broker.record_order(update(stop.pk, "CANCELLED", 60, perm_id=77))

    stop.refresh_from_db()
    assert (stop.state, stop.perm_id != 77) == ("WORKING", True)


def test_twin_stops_under_one_order_id_are_replaced_together(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    compare(theirs.snapshot())
    facts, stop = theirs.snapshot(), ref(bought, "S")
    first = next(u for u in facts.open_orders if u.order_ref == stop)

    compare(replace(facts, open_orders=(*facts.open_orders, replace(first, perm_id=9_999))))

    assert RiskEvent.objects.filter(code="ORDER_TWICE").count() == 1
    assert (BracketReplace.objects.get().reason, broker.take_cancels(1)[0][0]) == (
        "TWIN", ref(bought, "T"),
    )  # fmt: skip


def test_the_number_of_an_order_taken_over_is_the_brokers(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    compare(theirs.snapshot())
    stop = Order.objects.get(role="S")
    stop.delete()  # a restore from a backup, and the number was given again
    Order.objects.filter(role="E").update(order_id=stop.order_id)

    compare(theirs.snapshot())

    assert Order.objects.get(role="S").order_id == stop.order_id


def test_an_order_without_a_number_is_told_and_never_cancelled_as_zero(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    compare(theirs.snapshot())
    Order.objects.filter(role="S").update(order_id=None)
    wishes.want_off(Order.objects.filter(role="S"))

    overdue.look()

    assert broker.take_cancels(1) == []
    assert RiskEvent.objects.get(code="NO_ORDER_ID").value == ref(bought, "S")


def test_a_comparison_keeps_what_the_broker_holds_and_works(
    theirs: FakeBroker, bought: OrderIntent
) -> None:
    row = compare(theirs.snapshot())

    assert row.holdings == {factories.OCC: 3}
    assert set(row.working) == {ref(bought, "T"), ref(bought, "S")}


def test_a_comparison_is_had_on_demand() -> None:
    before = wishes.comparisons_wanted()
    wishes.want_comparison()

    assert wishes.comparisons_wanted() == before + 1
