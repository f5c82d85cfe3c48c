"""Several workers on one outbox, some of them killed: nothing lost, early or silently doubled."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

pytestmark = [pytest.mark.enable_socket, pytest.mark.process]
WORKER = Path(__file__).parent / "outbox_worker.py"
ROOT = Path(__file__).parents[2]
TRADES, KILLS = 12, 4
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def postgres() -> Iterator[str]:
    """A database of its own on the server that QC_TEST_POSTGRES names."""
    server = os.environ.get("QC_TEST_POSTGRES") or pytest.skip("QC_TEST_POSTGRES names no server")
    name = f"qc_storm_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield server.rpartition("/")[0] + f"/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """A database file of its own."""
    return f"sqlite:///{tmp_path}/outbox.sqlite3"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def run(
    request: pytest.FixtureRequest, database: str, fake_discord: Any, tmp_path: Path
) -> Iterator[Run]:
    """Start a worker process on that database; whatever still runs is killed in the end."""
    own = {
        "QC_VAR": str(tmp_path), "QC_TRADING_MODE": "sim", "QC_DATABASE_URL": database, "PYTHONPATH": str(ROOT),
        "QC_REDIS_URL": f"unix://{tmp_path}/none.sock", "DISCORD_WEBHOOK_PREMIUM": fake_discord.url,
        "QC__PUBLISHING__OUTBOX__RETRY_S": "[0.05]", "QC__PUBLISHING__OUTBOX__TRIES": "50",
    }  # fmt: skip
    own |= getattr(request, "param", {})
    started = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(WORKER), *arguments]
        process = subprocess.Popen(
            command,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until_sent(run: Run) -> list[dict[str, Any]]:
    out, err = run("report", str(2 * TRADES)).communicate(timeout=140)
    assert out, err
    return json.loads(out)


def posted(fake: Any) -> list[str]:
    return [
        request["body"]["embeds"][0]["footer"]["text"].partition(" ")[0]
        for request in fake.requests
    ]


def wait_for_a_post(fake: Any) -> None:
    seen, deadline = len(fake.requests), time.monotonic() + 3
    while len(fake.requests) == seen and time.monotonic() < deadline:
        time.sleep(0.005)


def token(row: dict[str, Any]) -> str:
    return f"#{row['announcement__trade_id']}-{row['announcement__seq']}"


def test_three_workers_post_each_message_once_and_in_order(run: Run, fake_discord: Any) -> None:
    run("fill", str(TRADES)).communicate()
    [run("work") for _ in range(3)]
    sent = wait_until_sent(run)

    tokens = posted(fake_discord)
    assert sorted(tokens) == sorted(token(row) for row in sent)
    assert all(tokens.index(f"#T-{n:03}-1") < tokens.index(f"#T-{n:03}-2") for n in range(TRADES))


@pytest.mark.parametrize(
    "run", [{"QC__PUBLISHING__OUTBOX__LEASE_S": "1.0"}], indirect=True, ids=["short lease"]
)
@pytest.mark.parametrize("how", ["work", "relay"])
def test_killed_workers_lose_nothing_and_flag_every_repeat(
    run: Run, fake_discord: Any, how: str
) -> None:
    run("fill", str(TRADES)).communicate()
    dice, workers = random.Random(7), [run(how) for _ in range(3)]
    for _ in range(KILLS):
        wait_for_a_post(fake_discord)
        workers.pop(dice.randrange(3)).kill()
        workers.append(run(how))
    sent = wait_until_sent(run)

    counts = Counter(posted(fake_discord))
    flagged = {token(row) for row in sent if row["ambiguous"]}
    assert counts.keys() == {token(row) for row in sent}
    assert {one for one, count in counts.items() if count > 1} <= flagged
    assert all(row["sent_at"] >= row["due_at"] for row in sent)


@pytest.mark.parametrize(
    "run",
    [
        {
            "QC__PUBLISHING__TIERS__DELAY_S__BASIC": "2",
            "QC__PUBLISHING__TIERS__DELAY_S__FREE": "4",
            "QC__PUBLISHING__OUTBOX__POLL_S": "0.05",
        }
    ],
    indirect=True,
    ids=["short delays"],
)
def test_a_relay_needs_no_hint_and_a_service_that_hangs_holds_up_nobody(
    run: Run, fake_discord: Any
) -> None:
    fake_discord.script = [(0, {}, "")]  # premium's Discord takes everything and never answers
    run("fill", str(TRADES)).communicate()
    run("relay")
    out, err = run("report", str(6 * TRADES), "console").communicate(timeout=140)
    assert out, err

    rows = json.loads(out)
    fake_discord.let_go.set()
    assert fake_discord.hanging.is_set()
    assert Counter(row["tier"] for row in rows) == dict.fromkeys(
        ("premium", "basic", "free"), 2 * TRADES
    )
    assert all(row["sent_at"] >= row["due_at"] for row in rows)
