"""Entries that work are looked at one by one: what one of them lacks is no matter of the others."""

import pytest

from execution.models import Order, RiskEvent
from execution.services import walking
from quanticity.domain import clock
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


def test_an_entry_that_cannot_be_judged_stands_in_nobodys_way() -> None:
    broken = factories.intent(1, signal_changes={"reference": {}, "state": "ended"})
    sound = factories.intent(2, symbol="QQQ", signal_changes={"state": "ended"})
    Order.objects.filter(role="E").update(
        state="WORKING", sent_at=clock.now() - walking._UNFINISHED * 10
    )

    walking.manage_entries()

    late = Order.objects.filter(cancel_wanted_at__isnull=False)
    assert [row.pk for row in late] == [factories.ref(sound, "E")]
    assert broken.orders.get(role="E").cancel_wanted_at is None
    assert RiskEvent.objects.get().code == "ENTRY_NOT_MANAGED"
