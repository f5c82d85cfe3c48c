"""The table of gates in docs/signals.md: every test that it names exists and is collected."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "signals.md"
NAMED = re.compile(r"`(test_\w+\.py::test_\w+(?:\[[^\]`]+\])?)`")


def rows() -> list[str]:
    """Every row of the table whose first cell is a code."""
    return [
        line for line in TABLE.read_text().splitlines() if re.match(r"\| [A-Z0-9_]{3,} \|", line)
    ]


def collected(files: set[str]) -> set[str]:
    """Names of the tests as pytest collects them, with and without parameters (10 s: its own run)."""
    paths = [
        str(path)
        for path in (ROOT / "tests" / "analytics" / "signals").glob("test_*.py")
        if path.name in files
    ]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    nodes = {line.rpartition("/")[2] for line in done.stdout.splitlines() if "::" in line}
    return nodes | {node.partition("[")[0] for node in nodes}


def test_every_row_names_a_test() -> None:
    unproved = [row for row in rows() if not NAMED.search(row)]
    assert rows()
    assert unproved == []


def test_every_test_that_the_table_names_exists() -> None:
    named = set(NAMED.findall(TABLE.read_text()))
    there = collected({name.partition("::")[0] for name in named})
    assert named - there == set()
