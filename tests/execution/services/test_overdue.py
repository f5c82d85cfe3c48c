"""An order in doubt for 15 s, an execution without its cost for 60 s: somebody is told, once."""

from typing import Any

import pytest

from execution.models import Commission, Order, RiskEvent
from execution.services import costs, managing
from quanticity.domain import clock
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


def told(code: str) -> list[str]:
    return list(RiskEvent.objects.filter(code=code).values_list("value", flat=True))


@pytest.mark.parametrize(("waited_s", "is_told"), [(14.0, False), (16.0, True)])
def test_an_order_in_doubt_is_told_after_15_s(noon: Any, waited_s: float, is_told: bool) -> None:
    factories.link()
    desks.held()
    entry = Order.objects.filter(role="E")
    entry.update(state="UNKNOWN", unknown_since_at=clock.now())
    noon.advance(waited_s)

    managing.manage_positions()
    managing.manage_positions()

    assert told("ORDER_UNKNOWN") == [entry.get().pk] * is_told


@pytest.mark.parametrize(("waited_s", "is_told"), [(59.0, False), (61.0, True)])
def test_a_missing_commission_is_told_after_60_s(noon: Any, waited_s: float, is_told: bool) -> None:
    factories.link()
    trade = desks.held()
    Commission.objects.all().delete()
    noon.advance(waited_s)

    managing.manage_positions()
    managing.manage_positions()

    fills = list(trade.fills.values_list("pk", flat=True))
    assert sorted(told("COMMISSION_PENDING")) == sorted(fills) * is_told


@pytest.mark.usefixtures("noon")
def test_an_implausible_commission_is_told_and_stays_pending() -> None:
    factories.link()
    exec_id = desks.held().fills.get().pk
    Commission.objects.all().delete()

    costs.record_commission(exec_id, desks.Decimal(999), "USD")

    assert told("COMMISSION_IMPLAUSIBLE") == [f"{exec_id}: 999 USD"]
    assert Commission.objects.get().status == "PENDING"
