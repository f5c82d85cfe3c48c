"""The operator's two commands of publishing."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from publishing import receipts

RECORDS = [
    {
        "seq": n,
        "kind": "EVENT",
        "at": "2025-11-21T15:04:05.123Z",
        "trade_id": "T-1",
        "body": {"n": n},
    }
    for n in (1, 2, 3)
]


def export(path: Path, **changes: Any) -> Path:
    entries = [
        {**link.record, "prev_hash": link.prev_hash, "hash": link.hash}
        for link in receipts.chain(RECORDS)
    ]
    entries[1].update(changes)
    path.write_text(json.dumps(entries))
    return path


def test_a_rehearsal_writes_every_message_and_sends_none(tmp_path: Path, capsys: Any) -> None:
    call_command("simulate_publish", "--scenario", "loser", "--out", str(tmp_path))

    # Two events, three tiers: console, Discord, Telegram, webhook, feed; and X for the exit.
    assert len(list(tmp_path.iterdir())) == 31
    assert capsys.readouterr().out == "31 messages rendered, none sent\n"


def test_a_rehearsal_prints_without_a_folder(capsys: Any) -> None:
    call_command("simulate_publish", "--scenario", "probe")

    assert "[SIM PROBE] SPY 21 Nov 25 600C entry" in capsys.readouterr().out


def test_a_sound_export_verifies(tmp_path: Path, capsys: Any) -> None:
    call_command("verify_receipts", str(export(tmp_path / "r.json")))

    assert capsys.readouterr().out.startswith("3 records hold; head ")


def test_a_changed_export_is_named_and_exits_1(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as exited:
        call_command("verify_receipts", str(export(tmp_path / "r.json", body={"n": 9})), "--json")

    assert exited.value.code == 1
    assert json.loads(capsys.readouterr().out)["bad_seq"] == 2


@pytest.mark.parametrize("content", ["", "not json", "[1]"])
def test_what_is_no_export_exits_2(tmp_path: Path, capsys: Any, content: str) -> None:
    (tmp_path / "r.json").write_text(content)

    with pytest.raises(SystemExit) as exited:
        call_command("verify_receipts", str(tmp_path / "r.json"))

    assert exited.value.code == 2
    assert "expected an export" in capsys.readouterr().err


def test_a_missing_export_exits_2(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exited:
        call_command("verify_receipts", str(tmp_path / "none.json"))

    assert exited.value.code == 2
