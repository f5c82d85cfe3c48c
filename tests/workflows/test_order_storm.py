"""Trades through storms of their own: a few here, thousands by `make order-storm`."""

import os
from typing import Any

import pytest
from django.db import transaction

from tests import factories
from tests.workflows.order_storm import Storm

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

SEEDS = range(*map(int, os.environ.get("ORDER_STORM", "0:24").split(":")))
BLOCK = 6
# Seeds that once found a way to lose money; each says what it was.
FOUND = (
    pytest.param(587, id="587: a refused amendment left a stop one sale too large"),
    pytest.param(1222, id="1222: a stop sold while its target was amended to the same size"),
)


@pytest.mark.parametrize("first", SEEDS[::BLOCK])
def test_no_storm_loses_doubles_reverses_or_forgets(noon: Any, first: int) -> None:
    factories.link()

    wrong = {seed: found for seed in range(first, first + BLOCK) if (found := brave(seed, noon))}

    assert wrong == {}


@pytest.mark.parametrize("seed", FOUND)
def test_a_storm_that_was_once_lost_is_weathered(noon: Any, seed: int) -> None:
    factories.link()

    assert brave(seed, noon) == []


def brave(seed: int, noon: Any) -> list[str]:
    """What was wrong with one storm, and its story; its rows are gone afterwards."""
    with transaction.atomic():
        storm = Storm(seed, noon)
        found = storm.run()
        told = [*found, storm.story()] if found else []
        transaction.set_rollback(True)
    return told
