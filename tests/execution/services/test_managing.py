"""Working entries and open positions: walked, ratcheted, left, never sold twice."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.models import Order, OrderIntent, Position
from execution.services import booking, broker, managing, operating, reconciling, walking
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import ExitReason
from quanticity.models import AuditEntry
from tests import factories
from tests.factories import ref, update
from tests.floors import Floor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


@pytest.fixture
def floor() -> Floor:
    """A bracket that works."""
    return Floor()


def attached_stop() -> Decimal | None:
    return Order.objects.get(role="S", tranche=0).stop_price


def states(role: str) -> list[str]:
    return list(Order.objects.filter(role=role).values_list("state", flat=True))


def test_an_entry_walks_toward_the_ask(floor: Floor, noon: Any) -> None:
    noon.advance(6.5)
    floor.quote(2.00, 2.06)

    walking.manage_entries()

    wanted = Order.objects.get(role="E").wanted_limit
    assert Decimal("2.00") < wanted <= Decimal("2.06")


def test_an_entry_that_nobody_sells_us_is_given_up(floor: Floor, noon: Any) -> None:
    noon.advance(20)
    floor.quote(1.99, 2.01)

    walking.manage_entries()
    floor.serve()
    booking.book_owed()

    assert (states("E"), OrderIntent.objects.get().state) == (["CANCELLED"], "CANCELLED")


def test_an_entry_whose_market_left_the_signal_is_given_up(floor: Floor, noon: Any) -> None:
    noon.advance(1)
    floor.quote(2.30, 2.32)

    walking.manage_entries()

    assert Order.objects.get(role="E").cancel_wanted_at is not None


def test_leaving_takes_the_target_off_then_the_stop_then_sells(floor: Floor) -> None:
    position = floor.enter()

    managing.begin_exit(position.pk, ExitReason.MANUAL)
    steps = []
    for _ in range(3):
        steps.append((states("T"), states("S"), states("X")))
        floor.serve()

    assert steps == [
        (["WORKING"], ["WORKING"], []),
        (["CANCELLED"], ["WORKING"], []),
        (["CANCELLED"], ["CANCELLED"], ["RECORDED"]),
    ]
    assert (states("X"), Order.objects.get(role="X").quantity) == (["WORKING"], 3)


def test_an_exit_ends_flat_with_its_reason(floor: Floor) -> None:
    position = floor.enter()
    managing.begin_exit(position.pk, ExitReason.FLATTEN)
    for _ in range(3):
        floor.serve()

    floor.broker.fill(Order.objects.get(role="X").pk, 3, "1.99")
    floor.write()

    position.refresh_from_db()
    assert (position.state, position.exit_reason, floor.broker.quantity()) == (
        "CLOSED",
        "FLATTEN",
        0,
    )


def test_leaving_is_begun_once(floor: Floor) -> None:
    position = floor.enter()

    assert managing.begin_exit(position.pk, ExitReason.MANUAL)
    assert not managing.begin_exit(position.pk, ExitReason.TIME)
    assert Position.objects.get().exit_wanted == "MANUAL"


def test_what_a_stop_has_sold_is_not_sold_again(floor: Floor) -> None:
    position = floor.enter()
    managing.begin_exit(position.pk, ExitReason.MANUAL)
    Order.objects.filter(role="T").update(state="CANCELLED")
    # The status comes before the execution.
    broker.record_order(update(ref(floor.intent, "S"), "FILLED", 9, filled=3))

    managing.continue_exit(floor.intent.pk)

    assert states("X") == []


def test_what_a_stop_sold_before_its_cancellation_is_not_sold_again(floor: Floor) -> None:
    position = floor.enter()
    managing.begin_exit(position.pk, ExitReason.MANUAL)
    Order.objects.filter(role="T").update(state="CANCELLED")
    broker.record_order(update(ref(floor.intent, "S"), "CANCELLED", 9, filled=1))
    managing.continue_exit(floor.intent.pk)
    assert states("X") == []

    broker.record_fill(factories.fill(ref(floor.intent, "S"), -1, "0.99", 9))
    booking.book(floor.intent.pk)
    managing.continue_exit(floor.intent.pk)

    assert Order.objects.get(role="X").quantity == 2


def test_an_exit_follows_the_bid_down(floor: Floor, noon: Any) -> None:
    position = floor.enter()
    managing.begin_exit(position.pk, ExitReason.TIME)
    for _ in range(3):
        floor.serve()
    noon.advance(11)
    floor.quote(1.50, 1.60)

    managing.manage_positions()

    assert Order.objects.get(role="X").wanted_limit == Decimal("1.48")


def test_without_a_bid_nothing_is_offered(floor: Floor) -> None:
    position = floor.enter()
    floor.quote(None, 0.01)
    managing.begin_exit(position.pk, ExitReason.TIME)
    for _ in range(3):
        floor.serve()

    assert states("X") == []


@pytest.mark.parametrize(
    ("minutes", "begun"),
    [pytest.param(224.9, False, id="16 min before"), pytest.param(225, True, id="15 min before")],
)
def test_a_0dte_leaves_a_quarter_hour_before_the_close(
    floor: Floor, noon: Any, minutes: float, begun: bool
) -> None:
    floor.enter()
    noon.advance(60 * minutes)
    floor.quote(1.99, 2.01)

    managing.manage_positions()

    assert (Position.objects.get().exit_wanted == "TIME") is begun


def test_a_rehearsal_leaves_when_it_was_told_to(floor: Floor, noon: Any) -> None:
    floor.enter()
    Position.objects.update(exit_due_at=noon.at + timedelta(seconds=5))
    noon.advance(5)

    managing.manage_positions()

    assert Position.objects.get().exit_wanted == "TIME"


def test_a_rising_mark_raises_the_stop_and_a_falling_one_never_lowers_it(floor: Floor) -> None:
    floor.enter()
    floor.settle()
    floor.quote(2.99, 3.01)
    for _ in range(2):  # one mark alone may be a bad quote
        managing.manage_positions()
        floor.serve()
    raised = Position.objects.get().stop_price

    floor.quote(2.79, 2.81)
    managing.manage_positions()
    floor.serve()

    assert raised > Decimal("2.00")
    assert Position.objects.get().stop_price == raised == attached_stop()
    assert Position.objects.get().peak_price == Decimal("3.00")


def test_a_stop_that_locks_in_a_gain_is_told_once(floor: Floor) -> None:
    floor.enter()
    floor.quote(2.99, 3.01)
    managing.manage_positions()  # one mark alone may be a bad quote
    for _ in range(3):
        managing.manage_positions()
        floor.serve()

    told = Position.objects.get().events.filter(kind="ADJUSTMENT")
    assert [e.facts["stop_from"] for e in told] == ["1.00"]


def test_positions_are_marked_at_mid(floor: Floor) -> None:
    floor.enter()
    floor.quote(2.10, 2.14)

    managing.manage_positions()

    assert Position.objects.get().mark_price == Decimal("2.12")


@pytest.mark.parametrize(
    ("age_s", "mark"), [(60, Decimal("2.12")), (61, None)], ids=["fresh", "a minute old"]
)
def test_timed_exits_judge_by_no_mark_older_than_a_minute(
    floor: Floor, noon: Any, age_s: int, mark: Decimal | None
) -> None:
    floor.enter()
    floor.quote(2.10, 2.14)
    managing.manage_positions()

    noon.advance(age_s)

    assert managing._held(Position.objects.get()).mark == mark


def test_flatten_halts_and_leaves_everything(floor: Floor) -> None:
    position = floor.enter()

    assert operating.flatten(actor="ann", reason="drill") == [position.pk]

    for _ in range(3):
        floor.serve()
    assert states("X") == ["WORKING"]
    assert AuditEntry.objects.filter(actor="ann", reason="drill").exists()


def test_a_halt_cancels_the_entry_that_works(floor: Floor) -> None:
    assert operating.halt(actor="ann", reason="drill") == 1

    floor.serve()

    assert states("E") == ["CANCELLED"]


def test_a_halt_of_another_strategy_leaves_this_one(floor: Floor) -> None:
    assert operating.halt(actor="ann", reason="drill", scope="MOC") == 0


def test_nothing_is_halted_without_a_reason() -> None:
    with pytest.raises(MalformedInput, match="a reason"):
        operating.halt(actor="ann", reason=" ")


@pytest.mark.parametrize(
    ("closes_meanwhile", "still_owed"),
    [
        pytest.param(True, True, id="closed since it was read"),
        pytest.param(False, False, id="still open"),
    ],
)
def test_an_answer_is_ticked_off_unless_the_trade_has_ended_since(
    floor: Floor, closes_meanwhile: bool, still_owed: bool
) -> None:
    floor.enter()
    OrderIntent.objects.update(owes_acknowledgement=True)
    Position.objects.filter(pk__isnull=not closes_meanwhile).update(state="CLOSED")

    operating.mark_answered(floor.intent.pk, ended=False)

    assert OrderIntent.objects.get().owes_acknowledgement is still_owed


def test_protection_is_whole_after_a_reconnect(floor: Floor) -> None:
    floor.enter()

    reconciling.reconcile(floor.broker.snapshot())

    assert (states("S"), states("T")) == (["WORKING"], ["WORKING"])
    assert Position.objects.get().naked_ms == 0
