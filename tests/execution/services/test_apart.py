"""One trade that fails stands in nobody's way, and takes no entries until it is understood."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError

from execution.models import Position, Quarantine, RiskEvent
from execution.services import apart, reconciling
from quanticity.domain.errors import MalformedInput, NotConnected
from tests import desks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
CODE = "NOT_MANAGED"


def breaks_at(one: str, error: Exception, served: list[str]) -> Callable[[str], None]:
    def work(trade: str) -> None:
        if trade == one:
            raise error
        served.append(trade)

    return work


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MalformedInput("expected one contract, found two"), id="our own error"),
        pytest.param(IntegrityError("a number that is taken"), id="a row that is refused"),
    ],
)
def test_the_others_are_served_and_the_one_is_named(error: Exception) -> None:
    served: list[str] = []

    apart.each(CODE, ["T-1", "T-2", "T-3"], breaks_at("T-2", error, served))

    assert served == ["T-1", "T-3"]
    alarm = RiskEvent.objects.get()
    assert (alarm.code, alarm.value.split(":")[0]) == (CODE, "T-2")


def test_the_trade_is_quarantined_until_it_is_worked_through_again() -> None:
    held = desks.held()
    intent_id = str(held.intent_id)
    fail = breaks_at(intent_id, MalformedInput("expected one contract, found two"), [])

    apart.each(CODE, [intent_id], fail)
    apart.each(CODE, [intent_id], fail)

    row = Quarantine.objects.get()
    assert (row.symbol, row.kind, row.ended_at) == ("SPY", CODE, None)
    assert "expected one contract, found two" in row.detail
    held.refresh_from_db()
    assert held.state == "QUARANTINED"
    apart.each(CODE, [intent_id], lambda _: None)
    assert Quarantine.objects.get().ended_by == "execution"


def test_an_agreeing_broker_does_not_let_go_of_a_trade_that_still_fails() -> None:
    held = desks.held()
    fail = breaks_at(str(held.intent_id), MalformedInput("no"), [])
    apart.each(CODE, [str(held.intent_id)], fail)

    reconciling._release(())
    assert Position.objects.get().state == "QUARANTINED"

    apart.each(CODE, [str(held.intent_id)], lambda _: None)
    reconciling._release(())
    assert Position.objects.get().state != "QUARANTINED"


def test_what_passes_by_itself_is_an_alarm_and_no_quarantine() -> None:
    held = desks.held()

    apart.each(CODE, [str(held.intent_id)], breaks_at(str(held.intent_id), NotConnected("x"), []))

    assert RiskEvent.objects.filter(code=CODE).exists()
    assert not Quarantine.objects.exists()


def test_a_database_that_fails_is_let_through() -> None:
    with pytest.raises(OperationalError):
        apart.each(CODE, ["T-1"], breaks_at("T-1", OperationalError("locked"), []))
