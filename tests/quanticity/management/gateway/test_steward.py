"""Who manages what is held: the worker, and the gateway process while there is none."""

from collections.abc import Callable
from typing import Any

import pytest

from execution import tasks
from execution.models import Order
from quanticity import leases
from quanticity.management.gateway.steward import Steward
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


async def _inline(work: Callable[..., Any], *args: Any) -> Any:
    return work(*args)


@pytest.fixture
def late(noon: Any) -> Order:
    """An entry that should have been given up long ago."""
    intent = factories.intent()
    Order.objects.filter(intent=intent).update(state="WORKING", sent_at=noon.now())
    noon.advance(300)
    return Order.objects.get(role="E")


def turn() -> bool:
    """One turn, in the thread and transaction of the test: it waits for nothing."""
    with pytest.raises(StopIteration) as ended:
        Steward(_inline, "gateway").turn().send(None)
    return bool(ended.value.value)


def is_given_up(entry: Order) -> bool:
    entry.refresh_from_db()
    return entry.cancel_wanted_at is not None


def test_the_gateway_process_manages_while_no_worker_is_heard_of(late: Order) -> None:
    assert (turn(), is_given_up(late)) == (True, True)


def test_it_leaves_it_to_a_worker_that_does(late: Order) -> None:
    leases.hold(leases.MANAGER, "a worker", tasks.MANAGER_S)

    assert (turn(), is_given_up(late)) == (False, False)


def test_the_worker_has_it_back_with_its_first_turn(late: Order) -> None:
    turn()
    Order.objects.update(cancel_wanted_at=None)

    tasks.manage_entries()

    assert is_given_up(late)
    assert not turn()


def test_a_worker_does_not_manage_what_another_manages(late: Order) -> None:
    leases.hold(leases.MANAGER, "another worker", tasks.MANAGER_S)

    tasks.manage_entries()

    assert not is_given_up(late)
