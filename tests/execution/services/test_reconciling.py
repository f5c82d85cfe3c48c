"""Reconciliation: the broker's snapshot against our rows, and what is done about it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import (
    Commission,
    Fill,
    Order,
    OrderIntent,
    Position,
    PositionEvent,
    Reconciliation,
    RiskEvent,
)
from execution.services import booking, broker, costs, reconciling
from quanticity.domain import clock
from quanticity.domain.orders import Account, OrderStatus
from tests import factories
from tests.factories import ref
from tests.fakes import FakeBroker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


@pytest.fixture
def theirs() -> FakeBroker:
    """A broker whose line to us is cut: it tells nothing by itself."""
    return FakeBroker()


@pytest.fixture
def intent(theirs: FakeBroker, noon: Any) -> OrderIntent:
    """A bracket that works at the broker; we have heard nothing of it yet, six seconds later."""
    row = factories.intent()
    send(theirs)
    noon.advance(6)
    return row


def send(theirs: FakeBroker) -> None:
    for chain in broker.take_submissions(1, 1):
        theirs.take([(one.order_id, theirs.con_id, one.ticket) for one in chain])


def reconcile(theirs: FakeBroker, **changes: Any) -> Reconciliation:
    reconciling.reconcile(replace(theirs.snapshot(), **changes))
    return Reconciliation.objects.latest("pk")


def rows() -> dict[str, Any]:
    models = (OrderIntent, Order, Fill, Commission, Position, PositionEvent)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def kinds(row: Reconciliation) -> list[str]:
    return [finding["kind"] for finding in row.findings]


def test_a_working_bracket_is_recognised(theirs: FakeBroker, intent: OrderIntent) -> None:
    row = reconcile(theirs)

    assert (row.is_clean, row.findings) == (True, [])
    assert set(intent.orders.values_list("state", flat=True)) == {"WORKING"}


def test_a_missed_fill_is_adopted_and_booked(theirs: FakeBroker, intent: OrderIntent) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")

    row = reconcile(theirs)

    position = Position.objects.get()
    assert (row.is_clean, position.state, position.quantity_open) == (True, "OPEN", 3)
    assert position.events.get().kind == "ENTRY"


def test_a_whole_trade_that_nobody_told_us_of_is_adopted(
    theirs: FakeBroker, intent: OrderIntent
) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    theirs.fill(ref(intent, "S"), 3, "0.95")

    reconcile(theirs)

    position = Position.objects.get()
    assert (position.state, position.exit_reason) == ("CLOSED", "STOP")
    assert Order.objects.get(role="T").state == "CANCELLED"


def test_the_same_facts_twice_change_nothing(theirs: FakeBroker, intent: OrderIntent) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    reconcile(theirs)
    before = rows()

    reconcile(theirs)

    assert rows() == before


def test_what_was_being_sent_is_asked_about_and_never_sent_again(theirs: FakeBroker) -> None:
    intent = factories.intent()
    broker.take_submissions(1, 1)  # and then the process died

    broker.doubt_unanswered()

    assert reconciling.has_doubts()
    assert set(intent.orders.values_list("state", flat=True)) == {"UNKNOWN"}
    assert broker.take_submissions(1, 1) == []


def test_an_order_that_two_snapshots_do_not_know_never_arrived(
    theirs: FakeBroker, noon: Any
) -> None:
    factories.intent()
    broker.take_submissions(1, 1)
    broker.doubt_unanswered()
    noon.advance(6)

    first = reconcile(theirs)
    assert set(Order.objects.values_list("state", "looked_for")) == {("UNKNOWN", 1)}

    noon.advance(6)
    reconcile(theirs)

    assert kinds(first) == ["ORDER_ABSENT"] * 3
    assert set(Order.objects.values_list("state", flat=True)) == {"EXPIRED"}
    assert OrderIntent.objects.get().state == "EXPIRED"
    assert [a.acknowledgement for a in selectors.owed_answers(9)] == ["STALE"]


def test_an_order_that_is_found_again_is_not_counted_out(
    theirs: FakeBroker, intent: OrderIntent, noon: Any
) -> None:
    hidden = replace(theirs.snapshot(), open_orders=())
    reconciling.reconcile(hidden)
    reconcile(theirs)
    noon.advance(600)

    reconciling.reconcile(replace(theirs.snapshot(), open_orders=()))

    assert set(intent.orders.values_list("state", "looked_for")) == {("UNKNOWN", 1)}


def test_an_order_sent_while_the_snapshot_was_made_is_not_missing_from_it(
    theirs: FakeBroker,
) -> None:
    factories.intent()
    empty = theirs.snapshot()
    send(theirs)

    reconciling.reconcile(empty)

    assert set(Order.objects.values_list("state", flat=True)) == {"SENDING"}


def test_silence_for_five_seconds_is_a_doubt(theirs: FakeBroker, noon: Any) -> None:
    factories.intent()
    send(theirs)

    assert not reconciling.has_doubts()
    noon.advance(5.1)
    assert reconciling.has_doubts()


@pytest.mark.parametrize("state", ["CANCELLED", "REJECTED", "EXPIRED"])
def test_an_order_that_we_thought_over_and_that_works_is_revived(
    theirs: FakeBroker, intent: OrderIntent, state: str
) -> None:
    reconcile(theirs)
    Order.objects.filter(role="S").update(state=state)

    row = reconcile(theirs)

    assert kinds(row) == ["ORDER_ALIVE"]
    assert Order.objects.get(role="S").state == "WORKING"


def test_a_snapshot_older_than_the_last_word_revives_nothing(
    theirs: FakeBroker, intent: OrderIntent, noon: Any
) -> None:
    reconcile(theirs)
    old = theirs.snapshot()
    noon.advance(1)
    theirs.end(ref(intent, "S"), OrderStatus.CANCELLED)
    broker.record_order(theirs.update(ref(intent, "S")))

    reconciling.reconcile(old)

    assert Order.objects.get(role="S").state == "CANCELLED"


def test_a_list_older_than_the_last_word_revives_nothing_however_late_its_snapshot_ends(
    theirs: FakeBroker, intent: OrderIntent, noon: Any
) -> None:
    reconcile(theirs)
    old = theirs.snapshot()
    noon.advance(1)
    theirs.end(ref(intent, "S"), OrderStatus.CANCELLED)
    broker.record_order(theirs.update(ref(intent, "S")))
    noon.advance(1)

    reconciling.reconcile(replace(old, at=clock.now()))

    assert Order.objects.get(role="S").state == "CANCELLED"


def test_a_sale_between_two_lists_of_a_snapshot_is_asked_about_again(
    theirs: FakeBroker, intent: OrderIntent, noon: Any
) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    reconcile(theirs)
    before = theirs.holdings()
    noon.advance(20)
    theirs.fill(ref(intent, "T"), 1, "3.50")
    broker.record_fill(theirs.fills[-1])

    torn = reconcile(theirs, holdings=before)
    assert reconciling.has_doubts()
    whole = reconcile(theirs)

    assert (torn.is_clean, kinds(torn)) == (True, ["QUANTITY_ABOVE"])
    assert (whole.is_clean, kinds(whole)) == (True, [])
    assert Position.objects.get().state == "REDUCING"


def test_more_at_the_broker_than_fills_explain_is_quarantined(
    theirs: FakeBroker, intent: OrderIntent
) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    (held,) = theirs.holdings()

    row = reconcile(theirs, holdings=(replace(held, quantity=5),))

    assert (row.is_clean, kinds(row)) == (False, ["QUANTITY_ABOVE"])
    assert Position.objects.get().state == "QUARANTINED"
    assert Position.objects.get().quantity_open == 3  # no invented entry


def test_a_position_out_of_nowhere_is_unclean(theirs: FakeBroker, intent: OrderIntent) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    (held,) = theirs.holdings()

    row = reconcile(theirs, holdings=(held, replace(held, con_id=5, occ="SPY251121P00590000")))

    assert (row.is_clean, Position.objects.get().state) == (False, "OPEN")


def test_a_quarantine_outlives_booking_and_ends_with_a_clean_look(
    theirs: FakeBroker, intent: OrderIntent
) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    (held,) = theirs.holdings()
    reconcile(theirs, holdings=(replace(held, quantity=5),))
    booking.book_owed()
    assert Position.objects.get().state == "QUARANTINED"

    row = reconcile(theirs)

    assert (row.is_clean, Position.objects.get().state) == (True, "OPEN")


def test_less_at_the_broker_is_quarantined_after_ten_seconds_and_never_closed(
    theirs: FakeBroker, intent: OrderIntent, noon: Any
) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    states = []
    for _ in range(4):
        reconcile(theirs, holdings=())
        states.append(Position.objects.get().state)
        noon.advance(5)

    assert states == ["OPEN", "OPEN", "QUARANTINED", "QUARANTINED"]


def test_somebody_elses_sale_of_what_we_hold_ends_the_trade(
    theirs: FakeBroker, intent: OrderIntent, noon: Any
) -> None:
    bought = theirs.fill(ref(intent, "E"), 3, "2.00")
    reconcile(theirs)
    noon.advance(60)
    manual = replace(bought, exec_id="man.01", order_ref="", quantity=-3, executed_at=noon.at)
    theirs.fills.append(manual)

    found = [reconcile(theirs), reconcile(theirs)]

    position = Position.objects.get()
    assert [kinds(row) for row in found] == [[], []]
    assert (position.state, position.exit_reason) == ("CLOSED", "MANUAL")
    # Nothing of ours may sell what is gone.
    assert not Order.objects.filter(role__in="ST", cancel_wanted_at=None, state="WORKING").exists()


def test_a_foreign_order_on_our_contract_is_reported_and_left_alone(
    theirs: FakeBroker, intent: OrderIntent
) -> None:
    foreign = replace(theirs.update(ref(intent, "S")), order_ref="", perm_id=5)
    snapshot = theirs.snapshot()

    row = reconcile(theirs, open_orders=(*snapshot.open_orders, foreign))

    assert (row.is_clean, kinds(row)) == (True, ["ORDER_FOREIGN"])


def test_a_correction_in_a_snapshot_is_adopted(theirs: FakeBroker, intent: OrderIntent) -> None:
    bought = theirs.fill(ref(intent, "E"), 3, "2.00")
    reconcile(theirs)
    theirs.fills[:] = [replace(bought, exec_id=f"{bought.base_exec_id}.02", price=Decimal("1.90"))]

    reconcile(theirs)

    assert Position.objects.get().entry_price == Decimal("1.90")


def test_account_values_come_with_the_snapshot(theirs: FakeBroker, intent: OrderIntent) -> None:
    reconcile(theirs)

    account = selectors.account_values()
    assert account is not None
    assert account.equity_usd == 1_000_000


def _day(theirs: FakeBroker, usd: str | None) -> dict[str, Any]:
    account = theirs.snapshot().account or Account(
        factories.ACCOUNT, *(Decimal(1_000_000),) * 4, clock.now()
    )
    return {"account": replace(account, day_pnl_usd=None if usd is None else Decimal(usd))}


@pytest.fixture
def closed(theirs: FakeBroker, intent: OrderIntent) -> None:
    """A trade that bought three at 2.00 and sold them at 0.95, each side for 1.95."""
    theirs.fill(ref(intent, "E"), 3, "2.00")
    theirs.fill(ref(intent, "S"), 3, "0.95")
    reconcile(theirs)
    for exec_id in Fill.objects.values_list("pk", flat=True):
        costs.record_commission(exec_id, Decimal("1.95"), "USD")
    booking.book_owed()


@pytest.mark.parametrize(
    ("usd", "found"),
    [
        pytest.param("-318.90", [], id="to the cent"),
        pytest.param("-314.00", [], id="within rounding"),
        pytest.param("-313.00", ["DAY_PNL"], id="six dollars off"),
        pytest.param(None, [], id="the broker does not say"),
    ],
)
@pytest.mark.usefixtures("closed")
def test_the_brokers_day_is_held_against_ours_when_nothing_is_held(
    theirs: FakeBroker, noon: Any, usd: str | None, found: list[str]
) -> None:
    noon.advance(301)
    row = reconcile(theirs, **_day(theirs, usd))

    assert (row.is_clean, kinds(row)) == (True, found)
    assert RiskEvent.objects.filter(code="DAILY_PNL").count() == len(found)


@pytest.mark.usefixtures("closed")
def test_right_after_a_trade_the_brokers_day_is_not_judged(theirs: FakeBroker, noon: Any) -> None:
    noon.advance(290)

    assert kinds(reconcile(theirs, **_day(theirs, "0"))) == []


def test_while_something_is_held_the_brokers_day_is_not_judged(
    theirs: FakeBroker, intent: OrderIntent, noon: Any
) -> None:
    theirs.fill(ref(intent, "E"), 3, "2.00")
    reconcile(theirs)
    noon.advance(301)

    assert kinds(reconcile(theirs, **_day(theirs, "500"))) == []
