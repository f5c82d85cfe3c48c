"""The command: a process that says when it is ready, keeps its books, ends when told to."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from client_library import IB
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[4]


@contextmanager
def simulator(var: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; yield the process and its first line."""
    command = [sys.executable, "manage.py", "run_simulator", "--port", "0", *words]
    env = os.environ | {"QC_VAR": str(var), "PYTHONWARNINGS": "error"}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.process
def test_it_starts_at_new_york_time_says_ready_and_ends_on_sigterm(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    with simulator(tmp_path, "--start", "2025-11-21T10:00:00", "--ledger", str(ledger)) as (
        process,
        line,
    ):
        assert line.startswith("ready ")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
    assert json.loads(ledger.read_text())["as_of"].startswith("2025-11-21T15:00:0")


@pytest.mark.process
@pytest.mark.enable_socket
def test_at_the_highest_speed_hours_pass_in_seconds(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"

    async def hours(port: int) -> float:
        ib = IB()
        await ib.connectAsync("127.0.0.1", port, 1)
        began = await ib.reqCurrentTimeAsync()
        now = began
        while (now - began).total_seconds() < 7_200:
            now = await ib.reqCurrentTimeAsync()
        ib.disconnect()
        return float((now - began).total_seconds())

    words = ("--start", "2025-11-21T15:00:00", "--speed", "max", "--truth", str(truth))
    with simulator(tmp_path, *words) as (process, line):
        began = time.monotonic()
        assert asyncio.run(hours(int(line.split()[1]))) >= 7_200
        assert time.monotonic() - began < 60
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert json.loads(truth.read_text())["as_of"] >= "2025-11-21T17:00"


@pytest.mark.process
def test_a_broken_ledger_is_refused_not_overwritten(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    ledger.write_text('{"as_of": "2025')

    with simulator(tmp_path, "--ledger", str(ledger)) as (process, _):
        assert process.wait(30) == 2
        assert process.stderr is not None
        assert "ledger.json" in process.stderr.read()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        pytest.param("faults", Path("nowhere.json"), "nowhere.json", id="script"),
        pytest.param("tape", Path("nowhere"), "nowhere", id="tape"),
        pytest.param("start", "yesterday", "yesterday", id="start"),
        pytest.param("speed", "0", "positive", id="speed"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_2(
    option: str, value: object, words: str
) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        call_command("run_simulator", port=0, **{option: value})

    assert refused.value.returncode == 2
