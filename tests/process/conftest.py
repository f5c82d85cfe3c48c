"""Fixtures for tests that start real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quanticity.runtime import embedded, ports
from tests.process.places import Place, Server


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place of its own, empty afterwards."""
    own = Place(tmp_path)
    yield own
    own.close()


@pytest.fixture
def server(place: Place) -> Server:
    """A running embedded server."""
    own = Server(place, embedded.prepare(place.var))
    own.start()
    return own


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    return ports.usable(None)
