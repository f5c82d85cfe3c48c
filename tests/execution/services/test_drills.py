"""The kill switch is tried every week on paper, or somebody hears of it."""

from datetime import timedelta
from typing import Any

import pytest

from execution.models import Reconciliation, RiskEvent
from execution.services import drills, flattening
from quanticity.domain import clock
from tests import desks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
WEEK = timedelta(days=7)


@pytest.fixture
def paper(settings: Any) -> None:
    settings.TRADING_MODE = "paper"


def reminders() -> list[str]:
    drills.remind()
    return list(RiskEvent.objects.filter(code="DRILL_DUE").values_list("value", flat=True))


def drill() -> None:
    """As the command does it, with nothing to close."""
    since = flattening.begin(actor="ann", reason="drill")
    Reconciliation.objects.create(at=clock.now() + timedelta(seconds=1), is_clean=True, findings=[])
    left = flattening.look(since)
    assert left.flat
    flattening.report(left, since, actor="ann")


@pytest.mark.usefixtures("paper")
def test_a_week_after_the_last_drill_the_next_one_is_due(world: Any) -> None:
    drill()
    world.at += timedelta(days=4)
    before = reminders()
    world.at += timedelta(days=3)

    assert before == []
    assert reminders()[0].startswith("last on 2025-11-21: in market hours `probe_trade`")


@pytest.mark.usefixtures("paper")
def test_a_place_that_was_never_drilled_hears_of_it_after_its_first_week(world: Any) -> None:
    desks.session_result(0, "0")
    first = reminders()
    world.at += WEEK

    assert first == []
    assert reminders()[0].startswith("last never")


@pytest.mark.usefixtures("paper")
def test_a_drill_that_left_something_open_is_none(world: Any) -> None:
    desks.session_result(0, "0")
    since = flattening.begin(actor="ann", reason="drill")
    flattening.report(flattening.look(since), since, actor="ann")
    world.at += WEEK

    assert reminders()[0].startswith("last never")


def test_real_money_and_simulations_are_not_drilled_by_the_calendar(world: Any) -> None:
    desks.session_result(0, "0")
    world.at += WEEK

    assert reminders() == []
