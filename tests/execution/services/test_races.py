"""Two workers at once: one trips, one passes, nothing is done twice."""

from typing import Any

import pytest

from execution.services import watching
from tests import desks, factories, racing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store", "disk")]


@pytest.fixture
def world(morning: Any) -> Any:
    """A world in which everything is allowed, on disk."""
    factories.quiet_world()
    return morning


@pytest.mark.usefixtures("world")
def test_two_workers_that_look_at_once_trip_once() -> None:
    desks.closed(net="-20001")

    trips = racing.in_two_threads(watching.watch)

    assert sorted(str(trip.breaker) for trip in trips) == [
        "DAILY_LOSS", "DAILY_LOSS_REDUCE", "DAILY_LOSS_WARN",
    ]  # fmt: skip
