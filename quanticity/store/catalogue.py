"""The page `docs/redis-keys.md`, made of the schema itself: name, type, life, what it is."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from quanticity.store import keys

PAGE = Path(__file__).parents[2] / "docs" / "redis-keys.md"
_HEAD = """# What is in Redis

Made from `quanticity/store/keys.py` by `manage.py document_keys`; a test keeps it current. Nothing
here is the only copy of a fact: everything can be rebuilt from SQL or from the feeds. A time to
live is a garbage collector, never a freshness test: readers look at `as_of`. Replays prefix every
key with `rp:{run_id}:`.

| key | type | lives | what it is |
|---|---|---|---|
"""
_UNITS = ((keys.DAY, "d"), (keys.HOUR, "h"), (keys.MINUTE, "min"))


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(f"{row}\n" for row in _rows())


def _rows() -> Iterator[str]:
    for name, make in inspect.getmembers(keys, inspect.isfunction):
        if make.__module__ != keys.__name__ or name.startswith(("_", "stretch")):
            continue
        said = " ".join((inspect.getdoc(make) or "").split())
        if name == "reading":
            for family in sorted(keys.FAMILY_TTL):
                yield _row(keys.reading("{symbol}", family), f"{said} Family `{family}`.")
        else:
            named = {part: f"{{{part}}}" for part in inspect.signature(make).parameters}
            yield _row(make(**named), said)


def _row(key: keys.Key, said: str) -> str:
    return f"| `{key.name}` | {key.kind} | {_life(key.seconds)} | {said} |"


def _life(seconds: int | None) -> str:
    if seconds is None:
        return "until cleared"
    for unit_s, unit in _UNITS:
        if seconds % unit_s == 0:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"
