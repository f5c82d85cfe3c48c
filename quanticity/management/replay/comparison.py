"""What changed since the last replay that was kept in the same folder: numbers, then decisions."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from quanticity.config import loader
from quanticity.config.sections import SECTIONS
from quanticity.management.replay import roots

_DECISIONS, _RESULT, _CONFIG = "decisions.ndjson", "result.json", "config.json"
_SHOWN = 10
_NAMED = ("outcome", "direction", "confidence")
Key = tuple[str, str, str]


def keep(folder: Path, answer: Mapping[str, Any]) -> None:
    """Write the records that the roots are made of, the configuration, and the answer."""
    with (folder / _DECISIONS).open("w") as file:
        file.writelines(roots.canonical(record) + "\n" for record in roots.decisions())
    (folder / "receipts.ndjson").write_text(
        "".join(roots.canonical(record) + "\n" for record in roots.receipts())
    )
    (folder / _CONFIG).write_text(json.dumps(configuration(), indent=1, sort_keys=True))
    (folder / _RESULT).write_text(json.dumps(answer, indent=1))


def against(folder: Path, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """How this run differs from the one that the folder holds; None without one."""
    if not (folder / _RESULT).exists():
        return None
    before = json.loads((folder / _RESULT).read_text())
    old = {_key(record): record for record in _lines(folder / _DECISIONS)}
    new = {_key(record): record for record in roots.decisions()}
    moved = [
        (old.get(key), new.get(key))
        for key in sorted({*old, *new})
        if roots.canonical(old.get(key)) != roots.canonical(new.get(key))
    ]
    return {
        "identical": not moved and before["decisions_root"] == answer["decisions_root"],
        "config": config_changes(json.loads((folder / _CONFIG).read_text()), configuration()),
        "answers": {n: [before[n], v] for n, v in answer.items() if before.get(n) != v},
        "decisions": len(moved),
        "outcomes": dict(Counter(f"{_outcome(a)} -> {_outcome(b)}" for a, b in moved)),
        "first": [_difference(a, b) for a, b in moved[:_SHOWN]],
    }


def configuration() -> dict[str, Any]:
    """Every number in force, by section."""
    found = {path: loader.values(path) for path in sorted(SECTIONS)}
    return dict(json.loads(json.dumps(found, default=str)))


def config_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Numbers that differ: dotted name to [before, now]."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    return {
        name: [old.get(name), new.get(name)]
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }


def told(changes: Mapping[str, Any] | None) -> Iterator[str]:
    """The comparison for people."""
    if changes is None:
        return
    for name, (old, new) in changes["config"].items():
        yield f"config    {name}: {old} -> {new}"
    if changes["identical"]:
        yield "Every decision is byte for byte what it was in the last run kept here."
        return
    yield f"decisions {changes['decisions']} differ"
    for name, count in changes["outcomes"].items():
        yield f"          {count} x {name}"
    for one in changes["first"]:
        yield f"          {one['at']} {one['strategy']} {one['symbol']}: {one['changed']}"


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(tree, Mapping):
        yield path, tree
        return
    for name, value in tree.items():
        yield from _leaves(value, f"{path}.{name}" if path else name)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    with path.open() as file:
        for line in file:
            yield json.loads(line)


def _key(record: Mapping[str, Any]) -> Key:
    return record["at"], record["strategy"], record["symbol"]


def _outcome(record: Mapping[str, Any] | None) -> str:
    return "nothing" if record is None else str(record["outcome"])


def _difference(before: Any, now: Any) -> dict[str, Any]:
    named = now or before
    old, new = before or {}, now or {}
    changed = {n: [old.get(n), new.get(n)] for n in _NAMED if old.get(n) != new.get(n)}
    return {
        "at": named["at"], "strategy": named["strategy"], "symbol": named["symbol"],
        "changed": changed or "what it looked at",
    }  # fmt: skip
