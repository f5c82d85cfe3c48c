"""A replay gives the same decisions byte for byte, whoever works, and tells what a change changed.

Each test plays minutes of a day in a process of its own, as an operator does: seconds, not more.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MINUTES = ("--simulate", "2026-11-17", "--from-minute", "33.5", "--to-minute", "34.5")
ONE_SYMBOL = {"QC__UNIVERSE__DEPTH": '["SPY"]', "QC__UNIVERSE__CHAINS": '["SPY"]'}
Replay = Callable[..., Any]

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """Run the command on one symbol; its answer, or the sentence it failed with."""
    var = tmp_path_factory.mktemp("var")

    def run(*args: str, **changes: str) -> Any:
        environment = os.environ | {"QC_VAR": str(var)} | ONE_SYMBOL | changes
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "replay", *args, "--json"],
            env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        # What every command makes in an operator's place, and no table.
        assert {path.name for path in var.iterdir()} <= {"secret_key", "static"}
        return json.loads(done.stdout) if done.returncode == 0 else (done.returncode, done.stderr)

    return run


@pytest.fixture(scope="module")
def played(replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A minute that was played: its answer, and the folder that keeps it."""
    folder = tmp_path_factory.mktemp("kept")
    found = replay(
        *MINUTES, "--out", str(folder), DISCORD_WEBHOOK_PREMIUM="http://127.0.0.1:9/never"
    )
    return found, folder


# A folder keeps the last replay: each test compares with a copy of its own.
@pytest.fixture
def kept(played: tuple[Any, Path], tmp_path: Path) -> tuple[Any, tuple[str, ...]]:
    """The answer of the minute that was played, and how to play it again."""
    copy = shutil.copytree(played[1], tmp_path / "kept")
    return played[0], (*MINUTES, "--out", str(copy))


def test_the_same_day_gives_the_same_decisions_whoever_works(replay: Replay, kept: Any) -> None:
    first, again = kept

    found = replay(*again, "--workers", "3")

    assert first["abstentions"] > 0
    assert found.pop("changed")["identical"]
    assert found == first


def test_a_changed_number_is_named_with_what_it_changed(replay: Replay, kept: Any) -> None:
    found = replay(*kept[1], QC__ANALYTICS__STRATEGIES__ZERO_DTE__VETOES__LOW_TOXICITY="0.99")[
        "changed"
    ]

    assert found["config"] == {"analytics.strategies.zero_dte.vetoes.low_toxicity": [0.45, 0.99]}
    assert found["decisions"] > 0
    assert any(change.endswith("-> VETO") for change in found["outcomes"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(("--simulate", "2026-11-22"), "expected a trading session", id="a Sunday"),
        pytest.param(("--simulate", "soon"), "expected an ISO date, was 'soon'", id="no date"),
        pytest.param(("--tape", "/nowhere"), "expected a file or folder", id="no tape"),
        pytest.param(
            ("--simulate", "2026-11-17", "--workers", "0"), "--workers: expected", id="no workers"
        ),
    ],
)
def test_what_it_cannot_play_it_names(replay: Replay, args: tuple[str, ...], message: str) -> None:
    code, said = replay(*args)

    assert code == 2
    assert message in said
