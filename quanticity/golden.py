"""Golden vectors: run production code against files of expected results (DOMAIN 13).

A vector file is one JSON object: `kind`, `tolerance`, and lists whose names end in `cases`, each
of `{id, in, out}`. A stage writes its checks in modules named
`vectors*.py` beside its doors; each exports

    CHECKS: dict[str, Check] = {"greeks/cases": Check(greeks), "iv/quote_cases": Check(quotes)}

The key is `<kind>/<list>`. `Check(produce)` holds a function of one `Case` that calls production
code with `case.given` (the file's `in`) and returns the answer in the shape of `case.want` (the
file's `out`): same keys, lists of equal length; more keys than wanted do no harm, a missing one
is a failure. `case.sibling("chains")` is another file of the same directory as a dict,
`case.document` the whole file. A key that names a member which is no list of cases
(`"stops/ladder"`) gets one case with `given=None` and `want` = that member.

Numbers match when |got - want| <= abs + rel * |want|; integers, strings, booleans and nulls are
exact. The file's tolerance is applied as it stands when it is "exact" or {"rel", "abs"}. Where
it is a table by field or unit, a field's own name is looked up, then
`Check(produce, unit=function)`, which maps a field name to the name of a tolerance in the table;
a field that has neither is exact. `Check(produce, tolerance=function)` decides alone: it takes
the case and the dotted path (`gex_by_strike[3].net_usd_per_1pct`) and returns a `Tolerance`.
Numbers may be int, float, Decimal or NumPy scalars; Decimals in `want` come as the file's floats.
"""

from __future__ import annotations

import importlib
import json
import math
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

from quanticity.domain.errors import MalformedInput, QuantiCityError

SCHEMA = "qc.vectors/1"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may be from the expected one; both zero means equal."""

    rel: float = 0.0
    abs: float = 0.0

    def allows(self, want: float) -> float:
        """The largest difference that still matches."""
        return self.abs + self.rel * math.fabs(want)


EXACT = Tolerance()


@dataclass(frozen=True, slots=True)
class Case:
    """One expected result: `given` is the file's `in`, `want` its `out`."""

    kind: str
    list_name: str
    id: str
    given: Any
    want: Any
    raw: Mapping[str, Any]
    document: Mapping[str, Any]
    directory: Path

    def sibling(self, kind: str) -> dict[str, Any]:
        """Another vector file of the same directory."""
        return read(self.directory / f"{kind}.json")


@dataclass(frozen=True, slots=True)
class Check:
    """How to answer one list of cases with production code, and how exactly it must match."""

    produce: Callable[[Case], Any]
    unit: Callable[[str], str] | None = None
    tolerance: Callable[[Case, str], Tolerance] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """One value that does not match."""

    case: str
    path: str
    got: Any
    want: Any


@dataclass(slots=True)
class Tally:
    """What came of one kind: `worst_ratio` is the largest error as a share of its tolerance."""

    kind: str
    tolerance: Any
    cases: int = 0
    values: int = 0
    worst_error: float = 0.0
    worst_ratio: float = 0.0
    worst_at: str = ""
    failures: list[Failure] = field(default_factory=list)

    def note(self, at: str, error: float, allowed: float) -> None:
        """Remember the number that came nearest to, or went furthest past, its tolerance."""
        self.worst_error = max(self.worst_error, error)
        ratio = error / allowed if allowed else (math.inf if error else 0.0)
        if ratio > self.worst_ratio:
            self.worst_ratio, self.worst_at = ratio, at


def read(path: Path) -> dict[str, Any]:
    """Read one vector file; raise MalformedInput when it is not one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MalformedInput(f"{path}: expected a JSON vector file, {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise MalformedInput(f"{path}: expected schema {SCHEMA}")
    return document


def files(path: Path) -> list[Path]:
    """The vector files at a path: a directory's *.json, or the file itself."""
    if path.is_dir():
        found = sorted(path.glob("*.json"))
        if not found:
            raise MalformedInput(f"{path}: expected *.json vector files, found none")
        return found
    if not path.is_file():
        raise MalformedInput(f"{path}: expected a file or directory, found nothing there")
    return [path]


def discover(packages: Iterable[str]) -> dict[str, Check]:
    """Join the CHECKS of every module of these packages whose name begins with `vectors`."""
    found: dict[str, Check] = {}
    for package in map(importlib.import_module, packages):
        for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
            if module.startswith("vectors"):
                checks = importlib.import_module(f"{package.__name__}.{module}")
                found.update(getattr(checks, "CHECKS", {}))
    return found


def run(path: Path, checks: Mapping[str, Check]) -> Tally:
    """Answer every case of one file and compare."""
    document = read(path)
    kind = str(document.get("kind", path.stem))
    tally = Tally(kind, document.get("tolerance", "exact"))
    for case in _cases(kind, document, path.parent, checks):
        tally.cases += 1
        check = checks.get(f"{kind}/{case.list_name}")
        if check is None:
            tally.failures.append(Failure(case.id, "", "no check", case.list_name))
        else:
            _answer(case, check, tally)
    return tally


def _cases(
    kind: str, document: dict[str, Any], directory: Path, checks: Mapping[str, Check]
) -> Iterator[Case]:
    for name, member in document.items():
        if name.endswith("cases"):
            for raw in member:
                if not isinstance(raw, dict) or not {"id", "in", "out"} <= raw.keys():
                    raise MalformedInput(f"{kind}.json: expected id, in and out in every {name}")
                yield Case(kind, name, raw["id"], raw["in"], raw["out"], raw, document, directory)
        elif f"{kind}/{name}" in checks:
            yield Case(kind, name, name, None, member, {}, document, directory)


def _answer(case: Case, check: Check, tally: Tally) -> None:
    try:
        got = check.produce(case)
    except (
        QuantiCityError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as e:
        tally.failures.append(Failure(case.id, "", f"{type(e).__name__}: {e}", "an answer"))
        return
    _compare(case, check, tally, "", got, case.want)


def _compare(case: Case, check: Check, tally: Tally, path: str, got: Any, want: Any) -> None:
    if isinstance(want, dict):
        _compare_members(case, check, tally, path, got, want)
    elif isinstance(want, list):
        _compare_items(case, check, tally, path, got, want)
    else:
        tally.values += 1
        if not _matches(case, check, tally, path, got, want):
            tally.failures.append(Failure(case.id, path, got, want))


def _compare_members(
    case: Case, check: Check, tally: Tally, path: str, got: Any, want: dict[str, Any]
) -> None:
    if not isinstance(got, Mapping):
        tally.failures.append(Failure(case.id, path, got, want))
        return
    for key, value in want.items():
        below = f"{path}.{key}" if path else key
        if key in got:
            _compare(case, check, tally, below, got[key], value)
        else:
            tally.failures.append(Failure(case.id, below, "missing", value))


def _compare_items(
    case: Case, check: Check, tally: Tally, path: str, got: Any, want: list[Any]
) -> None:
    if isinstance(got, (str, Mapping)) or got is None or len(got) != len(want):
        tally.failures.append(Failure(case.id, path, got, want))
        return
    for index, (mine, theirs) in enumerate(zip(got, want, strict=True)):
        _compare(case, check, tally, f"{path}[{index}]", mine, theirs)


def _matches(case: Case, check: Check, tally: Tally, path: str, got: Any, want: Any) -> bool:
    number = isinstance(want, float) or (
        isinstance(want, int) and not isinstance(want, bool) and check.tolerance is not None
    )
    if not number or got is None:
        return _equal(got, want)
    if isinstance(got, bool) or not isinstance(got, (Real, Decimal)):
        return False
    error = math.fabs(float(got) - want)
    allowed = _tolerance(case, check, path).allows(want)
    tally.note(f"{case.id} {path}", error, allowed)
    return error <= allowed


def _equal(got: Any, want: Any) -> bool:
    if isinstance(want, bool):
        # NumPy's booleans are no ints, so they pass; 1 is not true.
        return got is want or (not isinstance(got, int) and bool(got == want))
    if want is None or got is None or isinstance(want, str):
        return bool(got == want)
    return not isinstance(got, bool) and bool(got == want)


def _tolerance(case: Case, check: Check, path: str) -> Tolerance:
    if check.tolerance is not None:
        return check.tolerance(case, path)
    table = case.document.get("tolerance", "exact")
    if isinstance(table, dict) and {"rel", "abs"} <= table.keys():
        name = path.rpartition(".")[2].partition("[")[0]
        own = table.get(name)
        return EXACT if own == "exact" else _entry(own if isinstance(own, dict) else table)
    if isinstance(table, dict):
        return _named(table, path, check)
    return EXACT


def _named(table: dict[str, Any], path: str, check: Check) -> Tolerance:
    name = path.rpartition(".")[2].partition("[")[0]
    if name not in table and check.unit is not None:
        name = check.unit(name)
    entry = table.get(name)
    return _entry(entry) if isinstance(entry, dict) else EXACT


def _entry(entry: Mapping[str, Any]) -> Tolerance:
    return Tolerance(float(entry["rel"]), float(entry["abs"]))
