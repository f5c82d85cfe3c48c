"""One route's messages after each other: few commits, and nothing of somebody else's."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from publishing import draining, outbox, services
from publishing.models import Delivery
from quanticity.domain import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_store", "noon")]
Make = Callable[..., Any]
KEY = ("console", "premium")


@pytest.fixture
def rows(trade: Make, record: Make) -> list[Delivery]:
    """Three entries that are due on one route, as it reads them."""
    for _ in range(3):
        record(trade(), "ENTRY")
    services.announce_owed()
    return outbox.owed(*KEY, clock.now(), 10)


def states() -> list[str]:
    rows = Delivery.objects.filter(channel=KEY[0], tier=KEY[1]).order_by("pk")
    return list(rows.values_list("state", flat=True))


def test_an_end_and_the_next_beginning_are_one_commit(rows: list[Delivery]) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert draining.send(KEY, rows) == 3

    assert states() == ["SENT"] * 3
    assert sum(query["sql"] == "COMMIT" for query in asked) == 4


def test_what_somebody_else_took_meanwhile_is_left_to_them(rows: list[Delivery]) -> None:
    Delivery.objects.filter(pk=rows[0].pk).update(
        state="SENDING", claimed_by="somebody", attempts=1, lease_until=clock.now()
    )

    assert draining.send(KEY, rows) == 3  # looked at three times, sent twice

    assert states() == ["SENDING", "SENT", "SENT"]
