"""Which of the running tasks are past their limit."""

from types import SimpleNamespace

from quanticity.celery import Running
from quanticity.runtime.limits import overdue


def running(began: float, time_limit: float | None = None) -> Running:
    return Running(SimpleNamespace(name="analytics.refresh", time_limit=time_limit), began)


def test_a_task_within_its_limit_is_left_alone() -> None:
    assert list(overdue({"a": running(0.0)}, 60, now=60.0)) == []


def test_a_task_past_the_common_limit_is_named() -> None:
    found = list(overdue({"a": running(0.0), "b": running(50.0)}, 60, now=61.0))

    assert found == ["analytics.refresh [a] runs for 61 s of 60"]


def test_a_task_with_a_limit_of_its_own_has_that() -> None:
    assert list(overdue({"a": running(0.0, 600)}, 60, now=61.0)) == []
