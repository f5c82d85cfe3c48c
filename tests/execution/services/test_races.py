"""Two workers at once: one trips, one passes, nothing is done twice."""

from collections.abc import Iterator
from threading import Barrier
from typing import Any

import pytest

from execution.models import OrderIntent
from execution.services import opening, watching
from quanticity.domain.orders import Margin, Ticket
from quanticity.gateway import commands
from tests import desks, factories, racing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("world")]


@pytest.fixture
def world(disk: None, store: None, morning: Any) -> Iterator[Any]:
    """A world in which everything is allowed, on disk."""
    factories.quiet_world()
    with commands.answered_by(desks.enough):
        yield morning


def test_two_workers_that_look_at_once_trip_once() -> None:
    desks.closed(net="-20001")

    trips = racing.in_two_threads(watching.watch)

    assert sorted(str(trip.breaker) for trip in trips) == [
        "DAILY_LOSS", "DAILY_LOSS_REDUCE", "DAILY_LOSS_WARN",
    ]  # fmt: skip


def test_two_entries_that_pass_the_same_gate_at_once_cannot_both_be_recorded() -> None:
    reference = {"mid": str(factories.mid())}
    todo = [factories.signal(n, reference=reference, state="ended").pk for n in (1, 2)]
    first_looks = iter([barrier := Barrier(2), barrier])

    def answer(ticket: Ticket) -> Margin:
        next(first_looks, Barrier(1)).wait()
        return desks.enough(ticket)

    with commands.answered_by(answer):
        racing.in_two_threads(lambda: [opening.open_position(todo.pop())])

    found = sorted(OrderIntent.objects.values_list("state", "denied_by"))
    assert found == [("BLOCKED", "MAX_PENDING"), ("SUBMITTING", "")]
