"""The checker of golden vectors: what it calls a match, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from quanticity import golden
from quanticity.domain.errors import MalformedInput
from quanticity.golden import Check, Tolerance


def run(tmp_path: Path, want: Any, got: Any, table: Any = "exact", **check: Any) -> golden.Tally:
    case = {"id": "A1", "in": {}, "out": {"x": want}}
    document = {"schema": golden.SCHEMA, "kind": "toy", "tolerance": table, "cases": [case]}
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(document))
    return golden.run(path, {"toy/cases": Check(lambda _: {"x": got}, **check)})


LOOSE = {"rel": 0.0, "abs": 0.5}


@pytest.mark.parametrize(
    ("want", "got", "tolerance"),
    [
        pytest.param(1.0, 1.4, LOOSE, id="within the tolerance"),
        pytest.param(1.0, 1, "exact", id="an integer equals its float"),
        pytest.param(None, None, LOOSE, id="null is null"),
        pytest.param("OK", "OK", LOOSE, id="strings are equal"),
        pytest.param([1.0, [2.0]], [1.2, (2.1,)], LOOSE, id="lists of lists"),
        pytest.param({"y": 1.0}, {"y": 1.0, "more": 2}, "exact", id="more keys do no harm"),
        pytest.param(100.0, 101.0, {"x": {"rel": 0.01, "abs": 0}}, id="a tolerance by field"),
    ],
)
def test_what_matches(tmp_path: Path, want: Any, got: Any, tolerance: Any) -> None:
    assert run(tmp_path, want, got, tolerance).failures == []


@pytest.mark.parametrize(
    ("want", "got", "tolerance"),
    [
        pytest.param(1.0, 1.6, LOOSE, id="outside the tolerance"),
        pytest.param(3, 3.2, LOOSE, id="integers are exact"),
        pytest.param(1.0, float("nan"), LOOSE, id="nan is no number"),
        pytest.param(1.0, None, LOOSE, id="null is no number"),
        pytest.param(None, 0.0, LOOSE, id="zero is not null"),
        pytest.param(1.0, True, LOOSE, id="true is not one"),
        pytest.param(True, 1, LOOSE, id="one is not true"),
        pytest.param([1.0], [1.0, 2.0], LOOSE, id="a longer list"),
        pytest.param({"y": 1.0}, {}, LOOSE, id="a missing key"),
        pytest.param({"y": 1.0}, None, LOOSE, id="nothing at all"),
        pytest.param(1.0, 1.1, {"other": LOOSE}, id="a field without a tolerance is exact"),
    ],
)
def test_what_does_not_match(tmp_path: Path, want: Any, got: Any, tolerance: Any) -> None:
    assert len(run(tmp_path, want, got, tolerance).failures) == 1


def test_a_unit_names_the_tolerance_of_a_field(tmp_path: Path) -> None:
    assert run(tmp_path, 1.0, 1.4, {"usd": LOOSE}, unit=lambda _: "usd").failures == []


def test_a_check_may_decide_the_tolerance_alone(tmp_path: Path) -> None:
    assert run(tmp_path, 1.0, 1.4, tolerance=lambda _case, _path: Tolerance(abs=1.0)).failures == []


def test_a_kind_without_a_check_fails(tmp_path: Path) -> None:
    run(tmp_path, 1.0, 1.0)

    assert golden.run(tmp_path / "toy.json", {}).failures[0].got == "no check"


def test_an_exception_fails_its_case_only(tmp_path: Path) -> None:
    path = tmp_path / "toy.json"
    cases = [{"id": str(n), "in": {"n": n}, "out": {"x": 1.0}} for n in (0, 1)]
    path.write_text(json.dumps({"schema": golden.SCHEMA, "kind": "toy", "cases": cases}))
    tally = golden.run(path, {"toy/cases": Check(lambda case: {"x": 1 / case.given["n"]})})

    assert [(failure.case, tally.cases) for failure in tally.failures] == [("0", 2)]


def test_the_worst_error_is_told_with_its_place(tmp_path: Path) -> None:
    tally = run(tmp_path, [1.0, 2.0], [1.1, 2.4], LOOSE)

    assert tally.worst_at == "A1 x[1]"
    assert tally.worst_ratio == pytest.approx(0.8)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"schema": "else"}'], ids=["empty", "cut", "list", "schema"]
)
def test_a_file_that_is_no_vector_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.json").write_text(content)

    with pytest.raises(MalformedInput, match=r"bad\.json"):
        golden.run(tmp_path / "bad.json", {})


def test_a_folder_without_vectors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="found none"):
        golden.files(tmp_path)
