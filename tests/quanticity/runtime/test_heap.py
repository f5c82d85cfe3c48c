"""What is loaded is left out of later collections."""

import gc
from collections.abc import Iterator

import pytest

from quanticity.runtime import heap


@pytest.fixture
def thawed() -> Iterator[None]:
    """What a test leaves out of collections comes back."""
    yield
    gc.unfreeze()


def test_what_is_alive_is_walked_by_no_later_collection(thawed: None) -> None:
    loaded = [[n] for n in range(1_000)]

    heap.settle()

    assert gc.get_freeze_count() > len(loaded)
    assert len(gc.get_objects(generation=2)) < len(loaded)


def test_what_is_made_later_is_collected(thawed: None) -> None:
    heap.settle()
    ring: list[object] = []
    ring.append(ring)
    number = id(ring)
    del ring

    gc.collect()

    assert number not in {id(one) for one in gc.get_objects()}
