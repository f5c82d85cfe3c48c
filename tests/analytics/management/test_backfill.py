"""`manage.py backfill`: its answer, its exit codes, and a kill in the middle."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from quanticity.config import loader
from tests import racing
from tests.analytics.backfill import lines

ROOT = Path(__file__).parents[3]
KEYS = {"read", "written", "quarantined", "resumed_from", "seconds", "result_hash"}
MANY, SOME = 1_000, 20


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> Iterator[None]:
    """A place for what is sorted; operators' numbers are forgotten afterwards."""
    settings.VAR = tmp_path
    yield
    loader.lay_over({})


@pytest.mark.django_db
def test_it_answers_in_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lines.write(tmp_path / "x.ndjson", [lines.vix1d(n) for n in range(3)] + ["{"])

    call_command("backfill", "vix1d", source=path, json=True)

    said = json.loads(capsys.readouterr().out)
    assert said.keys() >= KEYS
    assert (said["read"], said["written"]) == (4, 3)
    assert said["quarantined"] == {"MALFORMED": 1}
    assert said["resumed_from"] is None
    assert said["coverage"][""]["gap_minutes"] == 0


@pytest.mark.django_db
def test_in_words_it_says_what_was_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lines.write(tmp_path / "x.ndjson", [lines.vix1d(0), "{"])

    call_command("backfill", "vix1d", source=path)

    said = capsys.readouterr().out
    assert "2 records read, 1 results written" in said
    assert "refused 1 x MALFORMED" in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"job": "gex"}, "JOB: expected one of dealer-flow", id="no such job"),
        pytest.param({"source": Path("/nowhere")}, "--source: expected a file", id="no source"),
        pytest.param({"job": "dealer-flow"}, "found none", id="nothing for the job"),
        pytest.param({"begins": "soon"}, "--from: expected an ISO instant, was 'soon'", id="from"),
        pytest.param(
            {"begins": "2025-11-22", "ends": "2025-11-21"}, "--to: expected", id="backwards"
        ),
    ],
)
def test_what_it_cannot_work_on_it_names(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    source = lines.write(tmp_path / "x.ndjson", [lines.vix1d(0)])
    job = options.pop("job", "vix1d")

    with pytest.raises(CommandError, match=message) as error:
        call_command("backfill", job, **{"source": source, **options})

    assert error.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("symbols", "code"),
    [pytest.param("SPY", 0, id="all there"), pytest.param("SPY,QQQ", 1, id="one without a result")],
)
def test_a_symbol_without_a_result_is_not_well(symbols: str, code: int, tmp_path: Path) -> None:
    path = lines.write(tmp_path / "x.ndjson", [lines.chain(0)])

    def call() -> None:
        call_command("backfill", "dealer-flow", source=path, symbols=symbols)

    assert _exit_code(call) == code


def _exit_code(call: Callable[[], Any]) -> int:
    try:
        call()
    except SystemExit as error:
        return int(error.code or 0)
    return 0


@pytest.mark.django_db
def test_a_date_is_the_whole_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lines.write(tmp_path / "x.ndjson", [lines.vix1d(0), lines.vix1d(3 * 24 * 60)])

    call_command("backfill", "vix1d", source=path, ends="2025-11-21", json=True)

    assert json.loads(capsys.readouterr().out)["read"] == 1


# A process starts here, which takes its seconds: only a process can be killed.
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_it_goes_on_to_the_same_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = (lines.vix1d(0, 10 + n % 37) | {"timestamp": _at(n)} for n in range(MANY))
    path = lines.write(tmp_path / "x.ndjson", values)
    with racing.on_disk(tmp_path):
        slow = _start(tmp_path / "race.sqlite3", path, tmp_path)
        done = _wait_for(tmp_path / "race.sqlite3", SOME)
        slow.kill()
        slow.communicate()

        call_command("backfill", "vix1d", source=path, json=True)
        call_command("backfill", "vix1d", source=path, json=True, restart=True)

    resumed, whole = map(json.loads, capsys.readouterr().out.splitlines())
    assert SOME <= done < MANY
    assert resumed["resumed_from"] is not None
    assert whole["resumed_from"] is None
    assert resumed["written"] == whole["written"] == MANY
    assert resumed["result_hash"] == whole["result_hash"]


def _at(n: int) -> str:
    return lines.at(n // 60).replace(second=n % 60).isoformat()


def _start(database: Path, path: Path, var: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "QC_VAR": str(var), "QC_DATABASE_URL": f"sqlite:///{database}",
        "QC__ANALYTICS__BACKFILL__COMMIT_EVERY_N": "1",
    }  # fmt: skip
    command = [sys.executable, str(ROOT / "manage.py"), "backfill", "vix1d", "--source", str(path)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def _wait_for(database: Path, count: int) -> int:
    deadline = time.monotonic() + 60
    with sqlite3.connect(database) as reading:
        while time.monotonic() < deadline:
            row = reading.execute("select read_n from analytics_backfillrun").fetchone()
            if row is not None and row[0] >= count:
                return int(row[0])
            time.sleep(0.005)
    raise AssertionError(f"expected {count} records within a minute")
