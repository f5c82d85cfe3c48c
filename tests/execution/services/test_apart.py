"""One trade that fails stands in nobody's way."""

import pytest
from django.db import IntegrityError, OperationalError

from execution.models import RiskEvent
from execution.services import apart
from quanticity.domain.errors import MalformedInput

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MalformedInput("expected one contract, found two"), id="our own error"),
        pytest.param(IntegrityError("a number that is taken"), id="a row that is refused"),
    ],
)
def test_the_others_are_served_and_the_one_is_named(error: Exception) -> None:
    served: list[str] = []

    def work(trade: str) -> None:
        if trade == "T-2":
            raise error
        served.append(trade)

    apart.each("NOT_MANAGED", ["T-1", "T-2", "T-3"], work)

    assert served == ["T-1", "T-3"]
    alarm = RiskEvent.objects.get()
    assert (alarm.code, alarm.value.split(":")[0]) == ("NOT_MANAGED", "T-2")


def test_a_database_that_fails_is_let_through() -> None:
    def work(_: str) -> None:
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        apart.each("NOT_MANAGED", ["T-1"], work)
