"""Shares of an exercise: closed by an operator's word, once, and never beyond what is there."""

from typing import Any

import pytest

from execution.models import ShareOrder
from execution.services import broker, reconciling, share_orders
from quanticity.domain import calendar, clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.market import Side
from quanticity.domain.orders import OrderStatus, OrderType, OrderUpdate
from quanticity.models import AuditEntry
from quanticity.store import market
from tests import exercises, factories
from tests.exercises import ASK, BID, CON_ID, morning, snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


@pytest.fixture(params=["C", "P"], ids=["long shares", "short shares"])
def held(request: pytest.FixtureRequest, world: Any) -> int:
    """Three contracts exercised on Friday; Monday morning the broker shows their shares."""
    return exercises.exercise(world, request.param)


def confirmed() -> ShareOrder:
    return share_orders.prepare("SPY", actor="ada", reason="exercised on Friday")


def word(row: ShareOrder, status: str, filled: int = 0) -> OrderUpdate:
    return OrderUpdate(
        row.order_ref, 9, 70, CON_ID, Side(row.side), row.quantity, filled, OrderStatus(status),
        row.limit_price, None, clock.now(),
    )  # fmt: skip


def sent(row: ShareOrder) -> ShareOrder:
    assert share_orders.take(row.pk, 1, 9) is not None
    row.refresh_from_db()
    return row


def test_all_of_them_at_the_touch_of_the_other_side(held: int) -> None:
    row = confirmed()

    expected = ("SELL", "612.00") if held > 0 else ("BUY", "612.02")
    assert (row.side, f"{row.limit_price:.2f}") == expected
    assert (row.quantity, row.con_id, row.state) == (300, CON_ID, "RECORDED")
    entry = AuditEntry.objects.get(action="close shares")
    assert (entry.actor, entry.reason) == ("ada", "exercised on Friday")


def test_it_leaves_as_a_limit_order_in_shares_under_the_lease(held: int) -> None:
    row = confirmed()
    assert share_orders.unsent() == [row.pk]

    taken = share_orders.take(row.pk, 1, 9)

    assert taken is not None
    ticket = taken.ticket
    assert (taken.order_id, taken.con_id, ticket.contract.occ) == (9, CON_ID, "SPY")
    assert (ticket.order_type, ticket.quantity, ticket.side) == (OrderType.LIMIT, 300, row.side)
    assert share_orders.take(row.pk, 1, 10) is None
    assert broker.highest_order_id() == 9


def _old_quote(world: Any) -> None:
    world.advance(3.1)
    reconciling.reconcile(snapshot(300))


def _gone(world: Any) -> None:
    world.advance(20)
    morning(0)


def _closed(world: Any) -> None:
    world.at = calendar.session(clock.now().date()).close_at
    morning(300)


def _unlinked(world: Any) -> None:
    factories.link(state="DISCONNECTED")


def _not_compared(world: Any) -> None:
    world.advance(121)
    market.write_quote(factories.quote("SPY", BID, ASK))


@pytest.mark.parametrize("held", ["C"], indirect=True)
@pytest.mark.parametrize(
    ("happens", "said"),
    [
        pytest.param(_old_quote, "NO_MARKET_DATA", id="an old quote"),
        pytest.param(_gone, "shows none", id="they are gone"),
        pytest.param(_closed, "SESSION_CLOSED", id="after the close"),
        pytest.param(_unlinked, "NOT_CONNECTED", id="no link"),
        pytest.param(_not_compared, "NOT_RECONCILED", id="not compared lately"),
    ],
)
def test_nothing_is_prepared_when(world: Any, held: int, happens: Any, said: str) -> None:
    happens(world)

    with pytest.raises(MalformedInput, match=said):
        confirmed()

    assert not ShareOrder.objects.exists()


@pytest.mark.parametrize("held", ["C"], indirect=True)
@pytest.mark.parametrize("state", ["RECORDED", "SENDING", "WORKING", "UNKNOWN"])
def test_a_second_one_waits_for_the_end_of_the_first(held: int, state: str) -> None:
    confirmed()
    ShareOrder.objects.update(state=state)

    with pytest.raises(MalformedInput, match="UNRESOLVED"):
        confirmed()


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_what_was_sold_is_not_sold_again_from_an_older_list(world: Any, held: int) -> None:
    row = sent(confirmed())
    share_orders.record(word(row, "FILLED", 300))

    with pytest.raises(MalformedInput, match="went since"):
        confirmed()
    world.advance(11)
    morning(300)  # a list made after it: the broker has them all the same
    assert confirmed().order_ref.endswith(":2")


@pytest.mark.parametrize("held", ["C"], indirect=True)
@pytest.mark.parametrize("left", [0, 299, -300], ids=["none", "fewer", "short"])
def test_it_does_not_leave_for_more_than_is_left(held: int, left: int) -> None:
    row = confirmed()
    reconciling.reconcile(snapshot(left))

    assert share_orders.take(row.pk, 1, 9) is None
    row.refresh_from_db()
    assert row.state == "EXPIRED"


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_a_yes_of_a_while_ago_is_no_longer_one(world: Any, held: int) -> None:
    row = confirmed()
    world.advance(10.1)

    assert share_orders.unsent() == []
    row.refresh_from_db()
    assert (row.state, row.error) == ("EXPIRED", "too old to send")


@pytest.mark.parametrize("held", ["C"], indirect=True)
@pytest.mark.parametrize(
    ("words", "state", "filled"),
    [
        pytest.param([("WORKING", 0), ("FILLED", 300)], "FILLED", 300, id="filled"),
        pytest.param([("FILLED", 300), ("WORKING", 100)], "FILLED", 300, id="overtaken"),
        pytest.param([("WORKING", 100), ("CANCELLED", 100)], "CANCELLED", 100, id="in part"),
        pytest.param([("REJECTED", 0)], "REJECTED", 0, id="rejected"),
    ],
)
def test_it_follows_the_brokers_word(
    held: int, words: list[tuple[str, int]], state: str, filled: int
) -> None:
    row = sent(confirmed())

    for status, n in words:
        share_orders.record(word(row, status, n))

    row.refresh_from_db()
    assert (row.state, row.filled) == (state, filled)


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_one_in_doubt_is_looked_for_and_never_sent_again(world: Any, held: int) -> None:
    row = sent(confirmed())
    share_orders.doubt(row.pk, "no answer")
    states = []
    for _ in range(2):
        world.advance(30)
        reconciling.reconcile(snapshot(300))
        row.refresh_from_db()
        states.append(row.state)

    assert states == ["UNKNOWN", "EXPIRED"]
    assert share_orders.unsent() == []


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_one_in_doubt_is_found_at_the_broker(world: Any, held: int) -> None:
    row = sent(confirmed())
    share_orders.doubt(row.pk, "no answer")
    world.advance(30)

    reconciling.reconcile(snapshot(300, word(row, "WORKING", 120)))

    row.refresh_from_db()
    assert (row.state, row.filled) == ("WORKING", 120)
