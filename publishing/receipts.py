"""The track record's hash chain and Merkle tree (DOMAIN 7.11).

A record is {seq, kind, at, trade_id, body}. Canonical form: JSON with keys sorted by code point,
separators `,` and `:`, UTF-8 without escaping, decimals as strings, no floats.
hash = SHA-256(previous hash || canonical), the first previous hash is 32 zero bytes.
Leaf = SHA-256(0x00 || canonical), node = SHA-256(0x01 || left || right), an odd node moves up as
it is. Anyone can recompute all of it offline from an export.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from quanticity.domain.errors import MalformedInput

GENESIS = bytes(32)
_FIELDS = ("seq", "kind", "at", "trade_id", "body")

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """One record in its place: the text that was hashed, and the hash before and after it."""

    record: Record
    canonical: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first record that does not hold, and why."""

    seq: Any
    reason: str


def canonical(record: Record) -> str:
    """The one way to write a record; MalformedInput where it holds a float."""
    return json.dumps(
        exact(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def exact(value: Any) -> Any:
    """Turn decimals into strings; refuse floats and anything that JSON would guess at."""
    if isinstance(value, Mapping):
        return {_key(key): exact(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(member) for member in value]
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, (str, int)):
        return value
    raise MalformedInput(f"expected text, an integer or a decimal in a receipt, was {value!r}")


def chain(records: Iterable[Record], previous: bytes = GENESIS) -> list[Link]:
    """Hash records one onto the other."""
    links = []
    for record in records:
        text = canonical(record)
        digest = hashlib.sha256(previous + text.encode()).digest()
        links.append(Link(record, text, previous.hex(), digest.hex()))
        previous = digest
    return links


def head(links: Sequence[Link]) -> str:
    """The last hash: whoever knows it knows that nothing before it changed."""
    return links[-1].hash if links else GENESIS.hex()


def merkle_root(canonicals: Iterable[str]) -> str | None:
    """The root over a session's records; None when there are none."""
    level = [_leaf(text) for text in canonicals]
    while len(level) > 1:
        level = _next_level(level)
    return level[0].hex() if level else None


def merkle_path(canonicals: Sequence[str], index: int) -> list[tuple[str, str]]:
    """What to hash a leaf with on its way to the root, as ("left" or "right", hex) steps."""
    level, path = [_leaf(text) for text in canonicals], []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(("left" if sibling < index else "right", level[sibling].hex()))
        level, index = _next_level(level), index // 2
    return path


def includes(text: str, path: Iterable[tuple[str, str]], root: str) -> bool:
    """Say whether a record belongs to a root."""
    node = _leaf(text)
    for side, other in path:
        pair = (bytes.fromhex(other), node) if side == "left" else (node, bytes.fromhex(other))
        node = _node(*pair)
    return node.hex() == root


def verify(entries: Iterable[Mapping[str, Any]], published: str | None = None) -> Flaw | None:
    """Recompute an export from its first record; name the first that does not hold.

    An entry is a record with its `prev_hash` and `hash`. A changed byte, a dropped, doubled or
    reordered record shows by itself; a cut-off tail shows against a published head.
    """
    previous, expected = GENESIS, 1
    for entry in entries:
        flaw = _check(entry, previous, expected)
        if flaw is not None:
            return flaw
        previous, expected = bytes.fromhex(entry["hash"]), expected + 1
    if published is not None and previous.hex() != published:
        return Flaw(expected, f"the chain ends before the published head {published}")
    return None


def read_export(text: str) -> list[dict[str, Any]]:
    """Read an export: a JSON list, or one JSON object per line; MalformedInput otherwise."""
    if not text.strip():
        raise MalformedInput("it is empty")
    try:
        whole = json.loads(text)
        entries = whole if isinstance(whole, list) else [whole]
    except ValueError:
        entries = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not all(isinstance(entry, dict) for entry in entries):
        raise MalformedInput("expected a list of records")
    return entries


def _check(entry: Mapping[str, Any], previous: bytes, expected: int) -> Flaw | None:
    missing = [name for name in (*_FIELDS, "prev_hash", "hash") if name not in entry]
    if missing:
        return Flaw(entry.get("seq", expected), f"lacks {', '.join(missing)}")
    if entry["seq"] != expected:
        return Flaw(entry["seq"], f"expected seq {expected}")
    if entry["prev_hash"] != previous.hex():
        return Flaw(expected, "does not follow the record before it")
    try:
        link = chain([{name: entry[name] for name in _FIELDS}], previous)[0]
    except MalformedInput as error:
        return Flaw(expected, str(error))
    return None if link.hash == entry["hash"] else Flaw(expected, "is not what was hashed")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise MalformedInput(f"expected text for a key in a receipt, was {key!r}")
    return key


def _leaf(text: str) -> bytes:
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _next_level(level: Sequence[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2], strict=False)
    joined = [_node(left, right) for left, right in pairs]
    return [*joined, level[-1]] if len(level) % 2 else joined
