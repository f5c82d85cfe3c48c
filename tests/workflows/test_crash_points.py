"""The submit path, killed at every step: one entry at most, and our book is the broker's (E1)."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from execution.models import Fill, Order, OrderIntent, Position, PositionEvent
from execution.services import booking, broker, reconciling
from quanticity.domain import clock
from quanticity.management.gateway.listener import FactListener
from quanticity.management.gateway.scribe import write_facts
from tests import factories
from tests.factories import ref
from tests.fakes import Crash, FakeBroker
from tests.workflows.order_storm import Death, dies_at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
STRIDE = 4
EVERY = 1 if "ORDER_STORM" in os.environ else 6  # of the statements


class Desk:
    """The gateway's steps with one intent, each a place to die at."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.intent = factories.intent()
        self.listener = FactListener(recorder=None)  # type: ignore[arg-type]
        self.broker = FakeBroker(self.listener)
        self.chains: list[Any] = []

    def claim(self) -> None:
        """Take what is owed to the broker."""
        self.chains = broker.take_submissions(1, 1)

    def send(self, dies_after: int | None = None) -> None:
        """Send what was taken."""
        self.broker.dies_after = dies_after
        for chain in self.chains:
            con_id = self.broker.con_id
            self.broker.take([(one.order_id, con_id, one.ticket) for one in chain])

    def fill(self) -> None:
        """The broker fills the entry."""
        self.broker.fill(ref(self.intent, "E"), 3, "2.00")

    def write(self) -> set[str]:
        """Write what the broker told."""
        facts = list(self.listener.money)
        self.listener.money.clear()
        return write_facts(facts)

    def restart(self) -> None:
        """Come back: nothing in memory, the rows and the broker as they are."""
        self.listener.money.clear()
        self.broker.dies_after = None
        broker.doubt_unanswered()
        for _ in range(4):
            reconciling.reconcile(self.broker.snapshot())
            self.write()
            self.claim_and_send_again()
            self.clock.advance(6)
        booking.book_owed()

    def claim_and_send_again(self) -> None:
        """What the dispatcher does all the time."""
        self.claim()
        self.send()


def die(*steps: Callable[[Desk], Any]) -> Callable[[Desk], None]:
    """Do these steps, and die."""

    def run(desk: Desk) -> None:
        for step in steps:
            step(desk)
        raise Crash

    return run


POINTS = [
    pytest.param(die(), 1, id="1 committed, not claimed"),
    pytest.param(die(Desk.claim), 0, id="2 ids committed, nothing sent"),
    pytest.param(die(Desk.claim, lambda d: d.send(1)), 0, id="3 parent sent, chain incomplete"),
    pytest.param(die(Desk.claim, lambda d: d.send(2)), 0, id="4 target sent, chain incomplete"),
    pytest.param(die(Desk.claim, lambda d: d.send(3)), 1, id="5 chain complete, nothing heard"),
    pytest.param(die(Desk.claim, Desk.send), 1, id="6 acknowledged, not written"),
    pytest.param(die(Desk.claim, Desk.send, Desk.write), 1, id="7 acknowledgement written"),
    pytest.param(die(Desk.claim, Desk.send, Desk.write, Desk.fill), 1, id="8 filled, not written"),
    pytest.param(
        die(Desk.claim, Desk.send, Desk.fill, Desk.write), 1, id="9 fill written, not booked"
    ),
    pytest.param(
        die(Desk.claim, Desk.send, Desk.fill, Desk.write, lambda d: booking.book(d.intent.pk)),
        1,
        id="10 booked, nobody told",
    ),
]


@pytest.mark.parametrize(("until_death", "entries"), POINTS)
def test_dying_here_neither_loses_nor_doubles(
    noon: Any, until_death: Callable[[Desk], None], entries: int
) -> None:
    desk = Desk(noon)
    with pytest.raises(Crash):
        until_death(desk)

    desk.restart()

    assert desk.broker.entries() == entries
    assert desk.broker.arrived.count(ref(desk.intent, "E")) <= 1
    assert_books_agree(desk)


@pytest.mark.parametrize(("until_death", "entries"), [p for p in POINTS if p.values[1]])
def test_a_trade_that_was_interrupted_ends_like_any_other(
    noon: Any, until_death: Callable[[Desk], None], entries: int
) -> None:
    desk = Desk(noon)
    with pytest.raises(Crash):
        until_death(desk)
    desk.restart()

    fill_what_is_left(desk)
    desk.broker.fill(ref(desk.intent, "T"), 3, "3.50")
    desk.write()
    booking.book_owed()

    position = Position.objects.get()
    assert (position.state, str(position.realised_net_usd)) == ("CLOSED", "446.1000")
    kinds = PositionEvent.objects.order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["ENTRY", "EXIT"]
    assert_books_agree(desk)


def fill_what_is_left(desk: Desk) -> None:
    order = desk.broker.orders[ref(desk.intent, "E")]
    left = order.ticket.quantity - order.filled
    for _ in range(left):
        desk.broker.fill(ref(desk.intent, "E"), 1, "2.00")


def statements() -> int:
    """SQL statements of the whole path, from the claim to the booking."""
    desk = Desk(clock.ReplayedClock(factories.NOON))
    with CaptureQueriesContext(connection) as counted:
        whole_path(desk)
    return len(counted)


def whole_path(desk: Desk) -> None:
    """Claim, send, write the acknowledgement, fill, write, book."""
    desk.claim()
    desk.send()
    desk.write()
    desk.fill()
    desk.write()
    booking.book(desk.intent.pk)


@pytest.mark.parametrize("first", range(STRIDE))
def test_dying_at_any_sql_statement_of_the_path_neither_loses_nor_doubles(
    noon: Any, first: int
) -> None:
    with undone():
        count = statements()
    assert count > 20

    for number in range(1 + first, count + 1, EVERY * STRIDE):
        with undone():
            noon.at = factories.NOON
            desk = Desk(noon)
            with contextlib.suppress(Death), dies_at(number):
                whole_path(desk)
            desk.restart()
            assert desk.broker.arrived.count(ref(desk.intent, "E")) <= 1, number
            assert_books_agree(desk)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Rows that are gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("until_death", [pytest.param(p.values[0], id=p.id) for p in POINTS])
def test_dying_again_during_the_restart_changes_nothing(
    noon: Any, until_death: Callable[[Desk], None]
) -> None:
    desk = Desk(noon)
    with pytest.raises(Crash):
        until_death(desk)
    broker.doubt_unanswered()
    reconciling.reconcile(desk.broker.snapshot())

    desk.restart()

    assert desk.broker.entries() <= 1
    assert_books_agree(desk)


def assert_books_agree(desk: Desk) -> None:
    """Our rows say what the broker's ledger says."""
    held = sum(p.quantity_open for p in Position.objects.all())
    assert held == desk.broker.quantity()
    assert sorted(Fill.objects.values_list("pk", flat=True)) == sorted(
        fill.exec_id for fill in desk.broker.fills
    )
    ours = {row.pk: row.state for row in Order.objects.filter(state="WORKING")}
    theirs = {r: "WORKING" for r, order in desk.broker.orders.items() if order.status == "WORKING"}
    assert ours == theirs
    assert not Order.objects.filter(state__in=("SENDING", "UNKNOWN")).exists()
    assert OrderIntent.objects.get().state != "UNKNOWN"
