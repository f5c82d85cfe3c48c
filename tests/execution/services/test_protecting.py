"""Tranches and their replacements as rows: whole after every step, and after every death."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.models import BracketReplace, Order, Position, RiskEvent
from execution.services import booking, broker, costs, managing, protecting, reconciling, replacing
from quanticity.domain import clock
from quanticity.domain.orders import OrderStatus
from tests import factories
from tests.factories import ref
from tests.floors import Floor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


@pytest.fixture
def floor() -> Floor:
    """Five contracts, split: one, two, and two under the attached pair."""
    made = Floor(5)
    made.enter()
    made.settle()
    return made


def tighten(stop: str = "1.50") -> Position:
    """Raise the ratchet, and begin to bring tranche 1 after it."""
    position = Position.objects.get()
    Position.objects.update(stop_price=Decimal(stop))
    position.refresh_from_db()
    tranche = position.tranches.get(number=1)
    assert replacing.begin(position, tranche, Decimal(stop), "TRAIL")
    return position


def test_five_contracts_have_three_pairs(floor: Floor) -> None:
    assert floor.stops() == [(1, "1.00"), (2, "1.00"), (2, "1.00")]
    assert floor.targets() == [(1, "2.60"), (2, "3.50"), (2, "5.00")]
    assert Position.objects.get().naked_ms == 0


def test_a_replacement_takes_the_target_off_then_the_stop_then_puts_both_on(floor: Floor) -> None:
    tighten()
    seen = []
    for _ in range(5):
        seen.append(
            (BracketReplace.objects.latest("pk").phase, len(floor.targets()), len(floor.stops()))
        )
        floor.serve()

    assert seen[:4] == [("TARGET_OFF", 3, 3), ("STOP_OFF", 2, 3), ("STOP_ON", 2, 2), ("TARGET_ON", 2, 3)]  # fmt: skip
    assert floor.stops() == [(1, "1.50"), (2, "1.00"), (2, "1.50")]
    assert BracketReplace.objects.latest("pk").phase == "DONE"


@pytest.mark.parametrize("steps", range(6))
def test_dying_in_a_replacement_changes_nothing_in_the_end(
    floor: Floor, noon: Any, steps: int
) -> None:
    tighten()
    for _ in range(steps):
        floor.serve()
    for chain in broker.take_submissions(1, 1):  # claimed, and then the process died
        floor.broker.take([(one.order_id, 77, one.ticket) for one in chain])
    floor.listener.money.clear()

    broker.doubt_unanswered()
    for _ in range(3):
        noon.advance(6)
        reconciling.reconcile(floor.broker.snapshot())
        floor.settle()

    assert floor.stops() == [(1, "1.50"), (2, "1.00"), (2, "1.50")]
    assert [n for n, _ in floor.targets()] == [1, 2, 2]
    assert not BracketReplace.objects.filter(ended_at=None).exists()


def test_a_replacement_is_begun_once_at_a_time(floor: Floor) -> None:
    position = tighten()

    again = replacing.begin(position, position.tranches.get(number=1), Decimal("1.60"), "TRAIL")

    assert not again


def test_the_gap_is_measured_from_the_stops_end_to_the_new_ones_word(
    floor: Floor, noon: Any
) -> None:
    tighten()
    floor.serve()
    floor.serve()  # the old stop is off, the new one recorded
    noon.advance(0.2)
    floor.settle()

    assert BracketReplace.objects.latest("pk").naked_ms == 200
    assert (Position.objects.get().naked_ms, Position.objects.get().naked_since_at) == (200, None)


def test_a_new_stop_that_is_refused_goes_back_to_the_old_price(floor: Floor) -> None:
    tighten()
    floor.serve()
    floor.serve()
    broker.take_submissions(1, 1)
    broker.refuse([floor.row("S", 1).pk], "201 no")
    floor.settle()

    assert floor.stops() == [(1, "1.00"), (2, "1.00"), (2, "1.50")]


def test_a_tranche_whose_stop_is_refused_twice_leaves(floor: Floor) -> None:
    tighten()
    floor.serve()
    floor.serve()
    for _ in range(2):
        broker.take_submissions(1, 1)
        broker.refuse([floor.row("S", 1).pk], "201 no")
        protecting.tend_moving()
    floor.settle()

    assert RiskEvent.objects.filter(code="STOP_REFUSED", threshold="CRITICAL").exists()
    assert (floor.row("X", 1).quantity, floor.row("X", 1).state) == (1, "WORKING")
    assert [n for n, _ in floor.stops()] == [2, 2]


def test_a_stop_that_fills_during_its_replacement_ends_it(floor: Floor) -> None:
    tighten()
    floor.serve()
    floor.broker.fill(floor.row("S", 1).pk, 1, "1.00")
    floor.settle()

    assert Position.objects.get().quantity_open == 4
    assert [n for n, _ in floor.stops()] == [2, 2]


def test_an_amendment_that_is_refused_leads_to_the_replacement_of_the_pair() -> None:
    floor = Floor(5)
    floor.enter()
    broker.take_amendments(1)
    broker.refuse_amendment(ref(floor.intent, "S"), "10326 no")
    protecting.tend(floor.intent.pk)
    floor.settle()

    assert [n for n, _ in floor.stops()] == [1, 2, 2]
    assert [n for n, _ in floor.targets()] == [1, 2, 2]


def test_no_price_is_ours_before_the_broker_says_so(floor: Floor) -> None:
    Order.objects.filter(tranche=0, role="S").update(wanted_stop=Decimal("1.40"))

    (one,) = broker.take_amendments(1)

    assert one.ticket.stop_price == Decimal("1.40")
    assert floor.row("S", 0).stop_price == Decimal("1.00")


def test_a_backup_stop_leaves_when_the_brokers_does_not_trigger(floor: Floor, noon: Any) -> None:
    for _ in range(5):
        floor.quote(0.89, 0.91)
        managing.manage_positions()
        noon.advance(2)

    assert Position.objects.get().exit_wanted == "BACKUP_STOP"


def test_three_marks_at_the_stop_within_five_seconds_are_the_brokers_to_act_on(
    floor: Floor, noon: Any
) -> None:
    for _ in range(3):
        floor.quote(0.89, 0.91)
        managing.manage_positions()
        noon.advance(1)

    assert Position.objects.get().exit_started_at is None


def test_a_1dte_sells_half_before_its_first_night(noon: Any) -> None:
    floor = Floor(5, strategy="1DTE", occ="SPY251124C00600000")
    floor.enter()
    floor.settle()
    noon.at += timedelta(hours=3, minutes=45)
    for _ in range(4):
        floor.quote(1.99, 2.01)
        managing.manage_positions()
        floor.settle()
    sold = Order.objects.filter(role="X")

    assert sum(row.quantity for row in sold) == 2
    assert sum(n for n, _ in floor.stops()) == 3


@pytest.mark.parametrize(
    ("occ", "said"),
    [
        pytest.param("SPY251126C00600000", ["T-20251121-001 expires in 5 days"], id="five days"),
        pytest.param("SPY251128C00600000", [], id="seven days"),
    ],
)
def test_a_14dte_is_spoken_of_once_a_session_as_it_nears_its_end(occ: str, said: list[str]) -> None:
    floor = Floor(5, strategy="14DTE", occ=occ)
    floor.enter()
    floor.settle()
    floor.quote(1.99, 2.01)

    managing.manage_positions()
    managing.manage_positions()

    near = RiskEvent.objects.filter(code="EXPIRY_NEAR")
    assert list(near.values_list("value", flat=True)) == said


def test_a_sell_beyond_the_holding_is_cancelled_at_once(floor: Floor) -> None:
    factories.order(
        floor.intent, "T", "SELL", 99, quantity=1, state="WORKING", parent_ref="", order_id=900
    )

    protecting.tend(floor.intent.pk)

    assert Order.objects.get(order_id=900).cancel_wanted_at == clock.now()
    assert RiskEvent.objects.filter(code="OVER_PROTECTED", threshold="CRITICAL").exists()


def test_a_gateway_that_reports_costs_as_negative_numbers_is_found_out(noon: Any) -> None:
    for n in range(1, 4):
        intent = factories.intent(n, signal_changes={"direction": n, "state": "ended"})
        paid = factories.fill(ref(intent, "E"), 3, "2.01", n)
        broker.record_fill(paid)
        costs.record_commission(paid.exec_id, Decimal("-1.95"), "USD")
        booking.book(intent.pk)

    assert RiskEvent.objects.filter(code="COMMISSION_SIGN").count() == 1
    assert {p.commission_usd for p in Position.objects.all()} <= {Decimal("1.95"), Decimal("-1.95")}
    booking.book_owed()
    assert {p.commission_usd for p in Position.objects.all()} == {Decimal("1.95")}


def test_what_the_broker_takes_away_is_put_back_after_two_seconds(floor: Floor, noon: Any) -> None:
    floor.broker.end(floor.row("S", 2).pk, OrderStatus.CANCELLED)
    floor.settle()
    assert [n for n, _ in floor.stops()] == [1, 2]

    noon.advance(2.1)
    protecting.tend(floor.intent.pk)
    floor.settle()

    assert [n for n, _ in floor.stops()] == [1, 2, 2]
    assert Position.objects.get().naked_ms == 2_100


def test_a_stop_whose_amendment_crossed_with_its_targets_fill_is_called_back(noon: Any) -> None:
    floor = Floor(3)
    floor.enter()
    floor.settle()
    floor.broker.orders[floor.row("T", 0).order_ref].parent = ""  # the group leaves its stop alone
    floor.broker.fill(floor.row("T", 0).order_ref, 1, "5.00")
    floor.write()

    assert len(floor.stops()) == 3
    noon.advance(2.5)
    managing.manage_positions()
    floor.serve()

    assert [quantity for quantity, _ in floor.stops()] == [1, 1]


def test_a_stop_left_behind_by_a_trade_that_is_over_is_called_back(noon: Any) -> None:
    floor = Floor(1)
    floor.enter()
    floor.settle()
    target = ref(floor.intent, "T")
    floor.broker.orders[target].parent = ""
    floor.broker.fill(target, 1, "3.50")
    floor.write()

    noon.advance(2.5)
    managing.manage_positions()
    floor.serve()

    assert (Position.objects.get().state, floor.stops()) == ("CLOSED", [])


def test_a_replacement_whose_contracts_were_sold_meanwhile_goes_on_with_the_rest(
    floor: Floor, noon: Any
) -> None:
    tighten()
    floor.serve()
    floor.serve()
    row = BracketReplace.objects.latest("pk")
    Position.objects.get().tranches.filter(number=row.number).update(quantity=row.quantity + 1)
    BracketReplace.objects.update(quantity=row.quantity + 1)  # as of before a part was sold
    Position.objects.get().tranches.filter(number=row.number).update(quantity=row.quantity)

    for _ in range(4):
        noon.advance(3)
        managing.manage_positions()
        floor.serve()

    assert not BracketReplace.objects.filter(ended_at=None).exists()
    assert sum(quantity for quantity, _ in floor.stops()) == 5
