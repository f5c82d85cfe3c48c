"""`manage.py check_vectors`: exit codes and the document."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from quanticity import golden


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    case = {
        "id": "E1",
        "in": {"symbol": "SPY251121C00600000"},
        "out": {"valid": True, "root": "SPY"},
    }
    document = {"schema": golden.SCHEMA, "kind": "occ", "tolerance": "exact", "cases": [case]}
    (tmp_path / "occ.json").write_text(json.dumps(document))
    return tmp_path


def test_a_match_prints_one_document(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_vectors", str(vectors), "--json")

    document = json.loads(capsys.readouterr().out)
    assert document["ok"]
    assert document["kinds"]["occ"]["cases"] == 1
    assert document["kinds"]["occ"]["failures"] == []


def test_a_wrong_expectation_exits_1(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = vectors / "occ.json"
    path.write_text(path.read_text().replace('"root": "SPY"', '"root": "QQQ"'))

    with pytest.raises(SystemExit) as left:
        call_command("check_vectors", str(vectors))
    assert left.value.code == 1
    assert "expected 'QQQ', was 'SPY'" in capsys.readouterr().out


def test_a_missing_folder_exits_2_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("check_vectors", str(tmp_path / "nowhere"))

    captured = capsys.readouterr()
    assert left.value.code == 2
    assert captured.err.count("\n") == 1
    assert "nowhere" in captured.err


def test_the_vocabulary_matches_the_shared_vectors(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_vectors", str(shared / "vectors" / "calendar.json"), "--json")

    assert json.loads(capsys.readouterr().out)["kinds"]["calendar"]["cases"] == 67
