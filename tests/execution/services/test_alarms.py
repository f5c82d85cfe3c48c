"""An alarm is one row an incident: while it goes on nothing is said again, afterwards it is."""

from datetime import timedelta
from typing import Any

import pytest

from execution.models import RiskEvent
from execution.services.alarms import Severity, raise_alarm
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def said(detail: str = "SPY", **changes: Any) -> bool:
    return raise_alarm("EXIT_WAITS", detail, Severity.HIGH, **changes)


@pytest.mark.parametrize(
    ("pauses", "rows"),
    [
        pytest.param([2] * 30, 1, id="looked at every two seconds"),
        pytest.param([900] * 4, 1, id="looked at every quarter of an hour"),
        pytest.param([900, 1_201, 30], 2, id="gone for twenty minutes"),
        pytest.param([1_201, 1_201], 3, id="again and again"),
        pytest.param([3 * 86_400], 2, id="another session"),
    ],
)
def test_what_goes_on_is_said_once(noon: Any, pauses: list[float], rows: int) -> None:
    said()
    for pause in pauses:
        noon.advance(pause)
        said()

    assert RiskEvent.objects.count() == rows


def test_a_row_says_from_when_until_when(noon: Any) -> None:
    began = noon.at
    said()
    noon.advance(61)
    said()

    row = RiskEvent.objects.get()
    assert (row.at, row.seen_at) == (began, began + timedelta(seconds=61))


def test_another_thing_is_another_incident() -> None:
    assert said("SPY")
    assert said("QQQ")
    assert said("SPY", intent=factories.intent())
    assert not said("SPY")
