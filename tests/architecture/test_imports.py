import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.api import read_configuration

ROOT = Path(__file__).parents[2]


# In a process of its own: the linter disables every logger that it finds.
def test_nobody_imports_what_the_house_forbids() -> None:
    code = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "stage", ["quanticity", "analytics", "execution", "publishing", "reporting"]
)
def test_init_files_are_empty(stage) -> None:
    filled = [path for path in (ROOT / stage).rglob("__init__.py") if path.read_text().strip()]

    assert filled == []


def test_tests_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_every_room_marked_pure_is_under_the_contract(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    contracts = read_configuration(".importlinter")["contracts_options"]
    pure = next(c for c in contracts if c["id"] == "pure")["source_modules"]

    rooms = {"analytics.calculators", "analytics.strategies", "execution.risk", "execution.orders",
             "execution.ledger", "publishing.messages", "quanticity.domain"}  # fmt: skip
    assert rooms <= set(pure)
