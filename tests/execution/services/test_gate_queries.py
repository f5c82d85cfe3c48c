"""The way from a signal to committed orders asks the database a bounded number of questions."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from execution.models import Order, OrderIntent
from execution.services import facts, opening
from quanticity.gateway import commands
from tests import desks, factories
from tests.analytics import toy_chains

pytestmark = pytest.mark.django_db
READS, WRITES = 17, 7
_NO_SCAN = {"sqlite": "SELECT 1", "postgresql": "SET LOCAL enable_seqscan = off"}  # of so few rows
_FRAME = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")


@pytest.fixture(autouse=True)
def world_at_eleven(store: None, noon: Any) -> None:
    """A quiet market, and nothing held."""
    noon.at = toy_chains.AS_OF
    noon.advance(1)
    factories.quiet_world()


def signal(n: int) -> str:
    made = factories.signal(n, reference={"mid": str(factories.mid())}, state="ended")
    return str(made.pk)


def asked(signal_id: str) -> list[str]:
    with commands.answered_by(desks.enough), CaptureQueriesContext(connection) as seen:
        opening.open_position(signal_id)
    return [q["sql"] for q in seen.captured_queries if not q["sql"].startswith(_FRAME)]


def test_a_signal_becomes_orders_with_few_questions() -> None:
    asked(signal(1))
    Order.objects.all().delete()
    OrderIntent.objects.all().delete()

    found = asked(signal(2))

    assert Order.objects.count() == 3
    reads = [sql for sql in found if sql.startswith("SELECT")]
    assert (len(reads), len(found) - len(reads)) == (READS, WRITES)


def test_what_is_held_asks_no_more_questions() -> None:
    before = len(asked(signal(1)))
    for n in range(2, 6):
        ended = {"state": "ended"}
        factories.intent(n, state="WORKING", symbol="QQQ", signal_changes=ended)

    assert len(asked(signal(7))) <= before


def test_each_index_of_the_gate_is_used() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NO_SCAN[connection.vendor])
    plans = {
        "order_sent": Order.objects.filter(sent_at__gt=factories.NOON),
        "order_contract": Order.objects.filter(occ=factories.OCC, state__in=("WORKING",)),
    }

    assert {name for name, rows in plans.items() if name in rows.explain()} == set(plans)


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        pytest.param({"state": "WORKING", "sent_at": 0.5}, (1, 0), id="sent just now"),
        pytest.param({"state": "FILLED", "sent_at": 0.5}, (1, 0), id="sent, and filled already"),
        pytest.param({"state": "WORKING", "sent_at": 1.5}, (0, 0), id="sent before"),
        pytest.param({"state": "RECORDED", "recorded_at": 0.5}, (1, 0), id="waits for its turn"),
        pytest.param({"state": "RECORDED", "recorded_at": 9}, (0, 0), id="waits for long"),
        pytest.param(
            {"state": "WORKING", "sent_at": 9, "amended_at": 0.5}, (0, 1), id="amended just now"
        ),
        pytest.param(
            {"state": "WORKING", "sent_at": 9, "cancel_sent_at": 0.5}, (0, 1), id="called back"
        ),
    ],
)
def test_what_the_broker_is_sent_in_a_second_is_counted(
    noon: Any, changes: dict[str, Any], counted: tuple[int, int]
) -> None:
    made = factories.intent()
    ago = {
        name: v if name == "state" else noon.at - timedelta(seconds=v)
        for name, v in changes.items()
    }
    made.orders.exclude(role="E").delete()
    made.orders.update(**ago)

    assert facts._messages(noon.at - timedelta(seconds=1)) == counted
