"""A state is written from the state expected, with a row that says so, or not at all (6.2)."""

import pytest

from execution.models import OrderEvent, OrderIntent, Position, RiskEvent
from execution.services import booking, managing, moving
from quanticity.domain.errors import TemporaryError
from quanticity.domain.orders import ExitReason
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


@pytest.fixture
def trade() -> Position:
    factories.link()
    return desks.held()


def moves_of(pk: str) -> list[tuple[str, str]]:
    rows = OrderEvent.objects.filter(order_ref=pk).order_by("pk")
    return list(rows.values_list("body__before", "body__after"))


def test_a_trade_leaves_a_row_of_every_move(trade: Position) -> None:
    OrderIntent.objects.update(state="WORKING")
    Position.objects.update(state="OPENING")

    booking.book(trade.intent_id)
    managing.begin_exit(trade.pk, ExitReason.MANUAL)

    assert moves_of(trade.intent_id) == [("WORKING", "FILLED")]
    assert moves_of(trade.pk) == [("OPENING", "OPEN"), ("OPEN", "CLOSING")]


def test_a_move_from_another_state_than_expected_writes_nothing(trade: Position) -> None:
    assert not moving.move_intent(trade.intent, "WORKING", "CANCELLED", reason="x")
    assert OrderIntent.objects.get().state == "FILLED"


def test_a_position_that_somebody_else_moved_is_not_overwritten(trade: Position) -> None:
    Position.objects.update(state="QUARANTINED")

    with pytest.raises(TemporaryError, match="no longer OPEN"):
        moving.move_position(trade, "CLOSING")

    assert Position.objects.get().state == "QUARANTINED"


@pytest.mark.parametrize("after", ["NEW", "SIZED", "SUBMITTING"])
def test_what_the_table_forbids_is_an_alarm_and_not_written(trade: Position, after: str) -> None:
    assert not moving.move_intent(trade.intent, "FILLED", after)
    assert RiskEvent.objects.get(code="ILLEGAL_MOVE").value == f"FILLED to {after}"
    assert OrderIntent.objects.get().state == "FILLED"


def test_a_late_fact_about_what_was_over_is_a_correction(trade: Position) -> None:
    OrderIntent.objects.update(state="CANCELLED")

    assert moving.move_intent(trade.intent, "CANCELLED", "FILLED")
    assert OrderEvent.objects.filter(kind="intent").latest("pk").body["is"] == "CORRECTION"
