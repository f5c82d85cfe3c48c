"""What must go on when the world is against us: no bid, a closed market, books that differ."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import (
    BracketReplace,
    Fill,
    Order,
    OrderIntent,
    Position,
    PositionEvent,
    RiskEvent,
    TradingScope,
)
from execution.services import (
    booking,
    broker,
    facts,
    flattening,
    managing,
    operating,
    reconciling,
    replacing,
    walking,
)
from quanticity.domain import calendar, clock
from quanticity.domain.orders import ExitReason, OrderStatus
from quanticity.store.client import client
from tests import factories
from tests.factories import ref
from tests.floors import Floor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
WHOLE = [(1, "1.00"), (2, "1.00"), (2, "1.00")]


@pytest.fixture
def floor() -> Floor:
    """Five contracts under three pairs."""
    made = Floor(5)
    made.enter()
    made.settle()
    return made


def look(floor: Floor, noon: Any, times: int = 10, *, bid: float | None = None) -> None:
    """Let the worker and the gateway look so many times, three seconds apart."""
    for _ in range(times):
        noon.advance(3)
        floor.quote(bid, None if bid is None else bid + 0.02)
        managing.manage_positions()
        floor.serve()


def position() -> Position:
    return Position.objects.get()


# --- exits that must wait ------------------------------------------------------------------------


def test_without_a_bid_no_stop_is_taken_off_to_sell(floor: Floor, noon: Any) -> None:
    client().flushall()
    managing.begin_exit(position().pk, ExitReason.FLATTEN)

    look(floor, noon, 20)

    assert floor.stops() == WHOLE
    assert list(RiskEvent.objects.values_list("code", flat=True)) == ["EXIT_WAITS"]


def test_an_exit_that_waited_goes_when_there_is_a_bid(floor: Floor, noon: Any) -> None:
    client().flushall()
    managing.begin_exit(position().pk, ExitReason.FLATTEN)
    look(floor, noon)

    look(floor, noon, 3, bid=1.90)

    assert (floor.stops(), floor.targets()) == ([], [])
    assert Order.objects.get(role="X").state == "WORKING"


def test_at_night_protection_stays_and_the_exit_waits_for_the_open(floor: Floor, noon: Any) -> None:
    noon.advance(10 * 3600)

    operating.flatten(actor="ann", reason="drill")
    look(floor, noon, bid=1.99)

    assert (floor.stops(), position().state) == (WHOLE, "CLOSING")
    assert not Order.objects.filter(role="X").exists()


@pytest.mark.parametrize(
    ("longer_min", "minute", "sold"),
    [
        pytest.param(15, 5, True, id="as long as its contract trades"),
        pytest.param(15, 15, False, id="no longer"),
        pytest.param(0, 5, False, id="not one that ends with the close"),
        pytest.param(None, 5, False, id="nor one of which nothing was said"),
    ],
)
def test_after_the_close_what_still_trades_is_sold(
    floor: Floor, noon: Any, longer_min: int | None, minute: int, *, sold: bool
) -> None:
    close_at = calendar.session(position().session_date).close_at
    until = None if longer_min is None else close_at + timedelta(minutes=longer_min)
    OrderIntent.objects.update(trades_until_at=until)
    noon.advance((close_at - noon.at).total_seconds() + 60 * minute)

    operating.flatten(actor="ann", reason="drill")
    waits = flattening.pending_until()
    look(floor, noon, bid=1.99)

    assert Order.objects.filter(role="X", state="WORKING").exists() is sold
    assert (floor.stops() == [], waits is None) == (sold, sold)


def test_a_stop_that_was_off_when_the_bid_went_is_put_back(floor: Floor, noon: Any) -> None:
    managing.begin_exit(position().pk, ExitReason.MANUAL)
    floor.broker.end(floor.row("S", 1).order_ref, OrderStatus.CANCELLED)
    client().flushall()

    look(floor, noon)

    assert sum(quantity for quantity, _ in floor.stops()) == 5


def test_a_part_that_leaves_keeps_its_stop_while_there_is_no_bid(floor: Floor, noon: Any) -> None:
    client().flushall()
    position().tranches.filter(number=1).update(leaving_at=clock.now())

    look(floor, noon)

    assert floor.stops() == WHOLE


# --- quarantine ----------------------------------------------------------------------------------


def quarantine(broker_holds: int) -> None:
    """The books differ; the broker says that it holds so many."""
    Position.objects.update(state="QUARANTINED")
    row = factories.reconciled(is_clean=False)
    row.holdings = {factories.OCC: broker_holds}
    row.save()


def test_a_stop_that_is_lost_in_quarantine_is_put_back(floor: Floor, noon: Any) -> None:
    quarantine(5)
    floor.broker.end(floor.row("S", 1).order_ref, OrderStatus.CANCELLED)
    floor.write()

    look(floor, noon, bid=1.99)

    assert sum(quantity for quantity, _ in floor.stops()) == 5


def test_a_replacement_under_way_goes_on_in_quarantine(floor: Floor, noon: Any) -> None:
    Position.objects.update(stop_price=Decimal("1.50"))
    held = position()
    replacing.begin(held, held.tranches.get(number=1), Decimal("1.50"), "TRAIL")
    floor.serve()
    quarantine(5)

    look(floor, noon, bid=1.99)

    assert sum(quantity for quantity, _ in floor.stops()) == 5
    assert BracketReplace.objects.filter(phase="DONE").exists()


def test_no_stop_is_made_beyond_what_the_broker_holds(floor: Floor, noon: Any) -> None:
    quarantine(4)
    floor.broker.end(floor.row("S", 1).order_ref, OrderStatus.CANCELLED)
    floor.write()

    look(floor, noon, bid=1.99)

    assert sum(quantity for quantity, _ in floor.stops()) == 4


# --- entries -------------------------------------------------------------------------------------


def test_an_entry_in_doubt_that_comes_back_while_halted_is_called_back(noon: Any) -> None:
    floor = Floor(3)
    entry = Order.objects.filter(role="E")
    entry.update(state="UNKNOWN", unknown_since_at=clock.now())

    assert operating.halt(actor="ann", reason="drill") == 1

    noon.advance(6)
    reconciling.reconcile(floor.broker.snapshot())
    floor.serve()
    assert entry.get().state == "CANCELLED"


def test_an_entry_that_works_while_its_symbol_is_stopped_is_called_back() -> None:
    floor = Floor(3)
    TradingScope.objects.create(
        scope="SPY", state="REDUCING", reason="r", actor="a", changed_at=clock.now()
    )

    walking.manage_entries()
    floor.serve()

    assert Order.objects.get(role="E").state == "CANCELLED"


def test_what_an_entry_may_still_buy_counts_beside_what_it_bought() -> None:
    floor = Floor(10)
    floor.broker.fill(ref(floor.intent, "E"), 1, "2.00")
    floor.write()

    (one,) = [facts._open(held) for held in selectors.open_positions()]

    assert (one.pending, one.premium_usd) == (True, Decimal(2_000))


# --- quotes --------------------------------------------------------------------------------------


def test_one_bad_quote_moves_no_stop(floor: Floor, noon: Any) -> None:
    factories.link()
    look(floor, noon, 2, bid=1.99)

    look(floor, noon, 1, bid=5.99)
    look(floor, noon, 3, bid=1.99)

    assert (position().peak_price or 0) < 3
    assert floor.stops() == WHOLE


# --- executions taken back -----------------------------------------------------------------------


def bust(fill: Fill) -> None:
    """The broker takes an execution back."""
    broker.record_fill(
        factories.fill(
            fill.order_ref, 0, str(fill.price), exec_id=f"{fill.base_exec_id}.02",
            executed_at=fill.executed_at,
        )
    )  # fmt: skip
    booking.book_owed()


def corrections() -> list[dict[str, Any]]:
    return [event.facts for event in PositionEvent.objects.filter(kind="CORRECTION")]


def test_an_entry_that_is_taken_back_whole_is_told_once(noon: Any) -> None:
    floor = Floor(3)
    floor.enter()

    for _ in range(2):
        bust(Fill.objects.get(revision=1))
        noon.advance(60)

    (told,) = corrections()
    assert (told["quantity"], told["was"]["quantity"]) == (0, 3)
    assert "no such trade" in told["reason"]
    assert selectors.intents_to_book() == []


def test_an_exit_that_is_taken_back_is_told_to_be_open_again(floor: Floor, noon: Any) -> None:
    for number in (0, 1, 2):
        row = floor.row("T", number)
        floor.broker.fill(row.order_ref, row.quantity, "5.00")
        floor.write()
    noon.advance(10)
    booking.book_owed()

    bust(Fill.objects.filter(quantity__lt=0).order_by("executed_at")[0])
    noon.advance(timedelta(seconds=70).total_seconds())
    booking.book_owed()

    told = [one for one in corrections() if one.get("result") == "OPEN"]
    assert [one["realised_net_usd"] for one in told] == [None]
    assert position().quantity_open > 0
