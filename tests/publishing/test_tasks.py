"""Tasks call their services; nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from publishing import tasks
from publishing.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]


def test_announcing_makes_deliveries(trade: Callable[..., Any], record: Callable[..., Any]) -> None:
    record(trade(), "ENTRY")

    assert sorted(tasks.announce()) == sorted(Delivery.objects.values_list("pk", flat=True))


def test_delivering_sends(
    trade: Callable[..., Any], record: Callable[..., Any], capsys: Any
) -> None:
    record(trade(), "ENTRY")
    tasks.announce()
    tasks.deliver(Delivery.objects.get(channel="console", tier="premium").pk)

    assert "SPY 21 Nov 25 600C entry" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("task", "name"),
    [(tasks.announce, "publishing.announce"), (tasks.deliver, "publishing.deliver")],
)
def test_public_names(task: Any, name: str) -> None:
    assert task.name == name
