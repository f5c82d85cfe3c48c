"""The shipped scripts: readable, explained, and each played by a test here."""

import json
from pathlib import Path

import pytest

from quanticity.gateway.simulated import fault_script

SCENARIOS = "".join(file.read_text() for file in Path(__file__).parent.glob("test_scripts_*.py"))


def test_there_are_many() -> None:
    assert len(fault_script.shipped()) >= 60


@pytest.mark.parametrize("name", fault_script.shipped())
def test_a_script_is_read_explained_and_played(name: str) -> None:
    file = fault_script.find(name)
    fault_script.read(file)
    told = json.loads(file.read_text())

    assert told["what"].endswith(".")
    assert told["holds"].endswith(".")
    assert f'"{name}"' in SCENARIOS
