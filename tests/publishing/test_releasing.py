"""Our own feed: a release has the next place, and rings once it can be read."""

from collections.abc import Callable
from typing import Any

import pytest

from publishing import delivering, outbox, releasing, services
from publishing.models import Delivery
from quanticity.domain import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
Make = Callable[..., Any]


@pytest.fixture
def claimed(trade: Make, record: Make) -> Callable[[], Delivery]:
    """One premium event for the feed, which we hold."""

    def make() -> Delivery:
        event = record(trade(), "ENTRY")
        services.announce_owed()
        told = Delivery.objects.get(
            channel="web", tier="premium", announcement__trade_id=event.position_id
        )
        row = outbox.claim(told.pk, clock.now())
        assert row is not None
        return row

    return make


def test_a_release_rings_when_it_is_committed(
    claimed: Callable[[], Delivery], django_capture_on_commit_callbacks: Any
) -> None:
    row = claimed()

    with django_capture_on_commit_callbacks() as rung:
        delivering.finish(row, clock.now())

    row.refresh_from_db()
    assert (row.state, row.feed_seq) == ("SENT", 1)
    assert rung == [releasing.bell.ring]


def test_who_lost_the_row_meanwhile_takes_no_place_and_rings_nothing(
    claimed: Callable[[], Delivery], django_capture_on_commit_callbacks: Any
) -> None:
    row = claimed()
    Delivery.objects.filter(pk=row.pk).update(attempts=row.attempts + 1)

    with django_capture_on_commit_callbacks() as rung:
        releasing.release(row, clock.now())

    assert rung == []
    next_one = claimed()
    releasing.release(next_one, clock.now())
    next_one.refresh_from_db()
    assert next_one.feed_seq == 1
