"""Fixtures: messages recorded from a real TWS (shared/data/ib), decoded by the library."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ib_insync.decoder import Decoder

VERSION = 169  # the recorded openOrder messages are of this version's layout
# The recordings of these two end in a field that this version does not have.
LENGTHS = {"11": 31, "59": 8}


@pytest.fixture
def messages(shared: Path) -> Callable[[str], list[list[str]]]:
    """The incoming messages of one kind, as fields."""
    lines = (shared / "data" / "ib" / "tws_api_messages.txt").read_text().splitlines()
    rows = [line.split("\t") for line in lines if line.startswith("in\t")]
    found = [row[2].rstrip("\n").split("|")[:-1] for row in rows]
    return lambda kind: [f[: LENGTHS.get(kind, len(f))] for f in found if f[0] == kind]


@pytest.fixture
def decode() -> Callable[..., None]:
    """Let the library decode messages and call a wrapper."""

    def decoded(wrapper: Any, *some: list[str]) -> None:
        decoder = Decoder(wrapper, VERSION)
        for fields in some:
            decoder.interpret(list(fields))

    return decoded
