"""What an operator reads when a command meets a place where nothing is up."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_place_that_was_never_up_is_said_in_two_lines(tmp_path: Path) -> None:
    environment = os.environ | {"QC_VAR": str(tmp_path), "QC_REDIS_URL": "", "QC_DATABASE_URL": ""}
    ended = subprocess.run(
        [sys.executable, "manage.py", "books", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "no such table" in ended.stderr
    assert "`manage.py up`" in ended.stderr
    assert "Traceback" not in ended.stderr
