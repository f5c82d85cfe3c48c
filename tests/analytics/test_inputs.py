"""A reading may be an input while it is valid and young, and the result is as old as the oldest."""

from datetime import timedelta

import pytest

from analytics import inputs
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("store", "noon")


def test_a_field_is_found_by_its_path() -> None:
    factories.reading("gex", {"z": {"z": 1.5}})

    assert inputs.of("SPY", ("gex",), NOON).value("gex", "z.z") == 1.5


@pytest.mark.parametrize(
    "changes",
    [
        {"as_of": NOON - timedelta(seconds=121)},
        {"as_of": NOON + timedelta(seconds=1)},
        {"status": "INVALID"},
    ],
    ids=["old", "of the future", "invalid"],
)
def test_what_is_old_or_invalid_is_missing(changes) -> None:
    factories.reading("gex", {"spot_price": 600.0}, **changes)

    assert inputs.of("SPY", ("gex",), NOON).value("gex", "spot_price") is None


def test_the_oldest_is_of_what_was_used() -> None:
    factories.reading("gex", {"x": 1.0}, as_of=NOON - timedelta(seconds=30))
    factories.reading("dex", {"x": 1.0}, as_of=NOON - timedelta(seconds=60))
    found = inputs.of("SPY", ("gex", "dex"), NOON)
    found.value("gex", "x")

    assert found.oldest() == NOON - timedelta(seconds=30)
    assert found.oldest(None, NOON - timedelta(seconds=90)) == NOON - timedelta(seconds=90)
