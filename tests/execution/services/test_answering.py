"""ACK_MISSING: raised for what nobody works on, once, and not while somebody does."""

from datetime import timedelta
from typing import Any

import pytest

from analytics import selectors as analytics
from analytics.models import ScheduledEvent
from execution.models import Approval, RiskEvent
from execution.services import answering
from execution.services import facts as world
from quanticity.domain import clock
from quanticity.domain.signals import Strategy
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        pytest.param("NEW", "stopped at NEW", id="claimed and left"),
        pytest.param("CHECKED", "stopped at CHECKED", id="checked and left"),
    ],
)
def test_a_signal_that_was_left_alone_raises_an_alarm_once(state: str, said: str) -> None:
    intent = factories.intent(state=state)

    raised = [answering.alarm_missing([intent.signal_id]) for _ in range(2)]

    row = RiskEvent.objects.get()
    assert raised == [1, 0]
    assert (row.code, row.threshold, row.intent_id) == ("ACK_MISSING", "HIGH", intent.pk)
    assert row.value == f"{intent.signal_id}: {said}"


def test_a_signal_that_was_never_taken_up_raises_an_alarm() -> None:
    assert answering.alarm_missing([factories.signal().pk]) == 1
    assert "never took it up" in RiskEvent.objects.get().value


@pytest.mark.parametrize("state", ["SUBMITTING", "WORKING", "PARTIAL", "UNKNOWN"])
def test_an_order_that_works_answers_when_it_is_over(state: str) -> None:
    assert answering.alarm_missing([factories.intent(state=state).signal_id]) == 0


def test_an_operator_has_a_clock_of_his_own() -> None:
    intent = factories.intent(state="CHECKED")
    Approval.objects.create(
        intent=intent, created_at=clock.now(), expires_at=clock.now() + timedelta(seconds=60)
    )

    assert answering.alarm_missing([intent.signal_id]) == 0


@pytest.mark.parametrize(
    ("strategy", "minutes", "expected"),
    [
        pytest.param("0DTE", 10, True, id="ten minutes before"),
        pytest.param("0DTE", 10.1, False, id="earlier"),
        pytest.param("0DTE", -4.9, True, id="five minutes after"),
        pytest.param("0DTE", -5, False, id="later"),
        pytest.param("14DTE", 0, False, id="no matter for 14DTE"),
    ],
)
def test_the_gate_knows_the_same_releases_as_the_playbooks(
    strategy: str, minutes: float, expected: bool
) -> None:
    at = clock.now() + timedelta(minutes=minutes)
    ScheduledEvent.objects.create(kind="CPI", at=at, source="test")
    signal: Any = analytics.signal_order(factories.signal(strategy=strategy).pk).signal

    assert analytics.is_release_near(Strategy(strategy), clock.now()) is expected
    assert world.gather(signal, "QC:x").market.in_blackout is expected
