"""Typed configuration: `defaults.toml`, overlaid by operators' rows, overlaid by the environment.

A section is a frozen `Settings` dataclass beside the arithmetic that uses it; `section` joins the
two and refuses unknown, missing, mistyped or impossible values with a sentence that names section,
key and value. An environment variable `QC__ANALYTICS__VPIN__N=40` overrides one number.
"""

import dataclasses
import hashlib
import json
import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from quanticity.domain.errors import ConfigError

DEFAULTS = Path(__file__).parent / "defaults.toml"
PREFIX = "QC__"
S = TypeVar("S")

# What operators turned, by "section.key"; `overrides.py` keeps it fresh.
_overrides: dict[str, Any] = {}


@cache
def defaults() -> dict[str, Any]:
    """The whole of defaults.toml."""
    return tomllib.loads(DEFAULTS.read_text())


def lay_over(overrides: Mapping[str, Any]) -> None:
    """Take these operators' overrides into force, replacing the ones before."""
    if dict(overrides) != _overrides:
        _overrides.clear()
        _overrides.update(overrides)
        section.cache_clear()
        config_hash.cache_clear()


@cache
def section(path: str, cls: type[S]) -> S:
    """Return the settings of one section, e.g. `section("analytics.vpin", vpin.Settings)`."""
    return build(path, cls, values(path))


def values(path: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One section's plain values with every override laid over; `more` is tried on top."""
    found: Any = defaults()
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise ConfigError(f"[{path}] is missing in {DEFAULTS.name}")
    own = {key: value for key, value in found.items() if f"{path}.{key}" not in _sections()}
    for key, value in (*_overrides.items(), *environment(), *(more or {}).items()):
        section_path, inner = split(key)
        if section_path == path:
            own = _replaced(own, inner.split("."), value)
    return own


def split(key: str) -> tuple[str, str]:
    """Split `analytics.vpin.n` into its section and the key inside it; ConfigError when neither.

    The section is the longest one known, so that `…zero_dte.scoring.min_confidence` finds its own.
    """
    parts = key.split(".")
    for end in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:end]) in _sections():
            return ".".join(parts[:end]), ".".join(parts[end:])
    raise ConfigError(f"{key}: no section of this name")


def build(path: str, cls: type[S], own: Mapping[str, Any]) -> S:
    """Make the dataclass from plain values, or raise ConfigError naming section, key, value."""
    _refuse_unknown(path, cls, own)
    _refuse_not_finite(path, own)
    try:
        return TypeAdapter(cls).validate_json(json.dumps(own, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(whole section)"
        was = "" if first["type"] == "missing" else f", was {first['input']!r}"
        raise ConfigError(f"[{path}] {key}: {first['msg'].lower()}{was}") from error


def environment() -> Iterator[tuple[str, Any]]:
    """Overrides from the environment as ("section.key", value)."""
    for name, text in sorted(os.environ.items()):
        if name.startswith(PREFIX):
            yield name.removeprefix(PREFIX).lower().replace("__", "."), _parse(text)


@cache
def config_hash(*paths: str) -> str:
    """First 16 hex digits of the SHA-256 over the values in force of these sections."""
    canonical = json.dumps({p: values(p) for p in paths}, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _replaced(tree: Mapping[str, Any], parts: list[str], value: Any) -> dict[str, Any]:
    """The same tree with one leaf changed, however deep."""
    # An environment variable has no case: `mode.0dte` means the key 0DTE.
    head = next((key for key in tree if key.lower() == parts[0].lower()), parts[0])
    rest = parts[1:]
    inner = tree.get(head)
    changed = _replaced(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value
    return {**tree, head: changed}


@cache
def _sections() -> frozenset[str]:
    # Imported here because the registry itself is data about stages that load lazily.
    from quanticity.config.sections import SECTIONS  # noqa: PLC0415

    return frozenset(SECTIONS)


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _refuse_unknown(path: str, cls: Any, own: Any) -> None:
    if not dataclasses.is_dataclass(cls) or not isinstance(own, Mapping):
        return
    hints = get_type_hints(cls)
    known = {f.name for f in dataclasses.fields(cls)}
    for key, value in own.items():
        if key not in known:
            raise ConfigError(f"[{path}] {key}: no such key, was {value!r}")
        _refuse_unknown(f"{path}.{key}", hints[key], value)
        if isinstance(value, Mapping) and len(get_args(hints[key])) == len(("key", "value")):
            for name, item in value.items():
                _refuse_unknown(f"{path}.{key}.{name}", get_args(hints[key])[1], item)


def _refuse_not_finite(path: str, own: Mapping[str, Any]) -> None:
    for key, value in own.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"[{path}] {key}: expected a finite number, was {value!r}")
