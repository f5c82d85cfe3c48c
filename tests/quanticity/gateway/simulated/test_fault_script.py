"""Scripts of faults: read, refused, counted."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated.fault_script import Action, At, Fault, Script, read

TEN = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)


def write(path: Path, content: object) -> Path:
    path = path / "faults.json"
    path.write_text(json.dumps(content))
    return path


def test_a_script_is_a_list_of_faults(tmp_path: Path) -> None:
    script = read(write(tmp_path, [{"at": "order", "n": 2, "action": "reject", "code": 203}]))

    assert script.met(At.ORDER, 1) == []
    assert script.met(At.ORDER, 1) == [Fault(At.ORDER, Action.REJECT, n=2, code=203)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param({}, "a JSON list", id="no list"),
        pytest.param([1], "fault 1: expected an object", id="no object"),
        pytest.param([{"at": "order", "action": "explode"}], "known at and action", id="action"),
        pytest.param([{"action": "drop"}], "known at and action", id="no at"),
        pytest.param([{"at": "order", "action": "drop", "many": 1}], "no such key", id="key"),
        pytest.param([{"at": "fill", "action": "reject"}], "at its own event", id="misplaced"),
    ],
)
def test_a_wrong_script_is_refused_in_a_sentence(
    tmp_path: Path, content: object, words: str
) -> None:
    with pytest.raises(MalformedInput, match=words):
        read(write(tmp_path, content))


def test_a_missing_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match=r"nowhere\.json"):
        read(tmp_path / "nowhere.json")


def test_a_fault_may_wait_for_one_client() -> None:
    script = Script((Fault(At.MESSAGE, Action.DROP, n=2, client=7),))

    met = [script.met(At.MESSAGE, client) for client in (7, 1, 1, 7)]

    assert [len(faults) for faults in met] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(At.TIME, Action.MUTE, after_s=60), id="seconds"),
        pytest.param(Fault(At.TIME, Action.MUTE, time="10:01:00"), id="wall clock"),
        pytest.param(Fault(At.TIME, Action.MUTE, time="2025-11-21T15:01:00+00:00"), id="instant"),
    ],
)
def test_a_timed_fault_falls_due_once(fault: Fault) -> None:
    script = Script((fault,))
    script.begin(TEN)

    passed = [script.passed(TEN + timedelta(seconds=n)) for n in (0, 59, 60, 61)]

    assert [len(faults) for faults in passed] == [0, 0, 1, 0]
