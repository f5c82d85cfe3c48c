"""A chain that was refused for its tick leaves once more; the first refusal ends nothing twice."""

from typing import Any

import pytest

from execution.models import Order
from execution.services import broker, ticking
from tests import factories
from tests.factories import ref, update

pytestmark = pytest.mark.django_db


@pytest.fixture
def again(noon: Any) -> Order:
    """An entry on its way for the second time, as order 8; order 7 was refused for its tick."""
    intent = factories.intent()
    entry = intent.orders.filter(role="E")
    entry.update(state="SENDING", order_id=7)
    assert ticking.send_again(ref(intent, "E"), 7)
    entry.update(state="SENDING", order_id=8)
    return entry.get()


@pytest.mark.parametrize(
    ("told", "known_as", "state"),
    [
        pytest.param({"order_id": 7}, None, "SENDING", id="the first one's, by its id"),
        pytest.param({"order_id": 8}, None, "REJECTED", id="the second one's, by its id"),
        pytest.param({"order_id": 0}, None, "SENDING", id="listed, the second not yet heard of"),
        pytest.param({"order_id": 0}, 901, "SENDING", id="listed, under another number"),
        pytest.param({"order_id": 0}, 900, "REJECTED", id="listed, under its number"),
    ],
)
def test_a_refusal_ends_the_sending_that_it_is_of(
    again: Order, told: dict[str, int], known_as: int | None, state: str
) -> None:
    Order.objects.filter(pk=again.pk).update(perm_id=known_as)

    broker.record_order(update(again.pk, "REJECTED", 1, perm_id=900, **told))

    again.refresh_from_db()
    assert again.state == state


def test_it_leaves_a_second_time_and_no_third(again: Order) -> None:
    assert not ticking.send_again(again.pk, 8)
