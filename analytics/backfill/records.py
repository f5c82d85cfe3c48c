"""One record of a source: when, whose, what; and why a record is refused (DOMAIN 11). Pure.

A record's key is its place in the one order that every run works in: instant, symbol, content.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from quanticity.domain import calendar
from quanticity.domain.readings import plain

CHAIN, PRINTS, VIX1D = "chain", "prints", "vix1d"
PLACE = "path"  # where the rest of a record lies: no part of what it is
ALL = ""  # the symbol of records that concern the whole market
_KEY_AT = "%Y-%m-%dT%H:%M:%S.%f"
_MOST = 200
_LONGEST_SYMBOL = 8
_MEMBERS = {"chain": CHAIN, "trades": PRINTS, "value": VIX1D}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Record(NamedTuple):
    """What one instant brought of one symbol; `body` is JSON's types."""

    at: datetime
    symbol: str
    kind: str
    body: dict[str, Any]

    @property
    def line(self) -> str:
        """The record as one line that sorts by its key."""
        content = {name: value for name, value in self.body.items() if name != PLACE}
        digest = hashlib.blake2b(canonical(content).encode(), digest_size=8).hexdigest()
        body = canonical(self.body)
        at = self.at.astimezone(UTC).strftime(_KEY_AT)
        return f"{at}\t{self.symbol}\t{digest}\t{self.kind}\t{body}"


class Refused(NamedTuple):
    """A record, or a row of one, that is not worked on: the reason and what was wrong."""

    reason: str
    instrument: str
    detail: str


class Keyed(NamedTuple):
    """A record read back from its line, with its key."""

    key: str
    record: Record


def keyed(line: str) -> Keyed:
    """The record of a line."""
    at, symbol, digest, kind, body = line.rstrip("\n").split("\t", 4)
    instant = datetime.strptime(at, _KEY_AT).replace(tzinfo=UTC)
    return Keyed(f"{at}\t{symbol}\t{digest}", Record(instant, symbol, kind, json.loads(body)))


def key_of(line: str) -> str:
    """The key of a line, without reading its body."""
    return "\t".join(line.split("\t", 3)[:3])


def same_instant(key: str, other: str) -> bool:
    """Whether two keys are of one instant and symbol."""
    return key.split("\t")[:2] == other.split("\t")[:2]


def instant_of(key: str) -> datetime:
    """The instant of a key."""
    return datetime.strptime(key.split("\t", maxsplit=1)[0], _KEY_AT).replace(tzinfo=UTC)


def from_json(content: Any) -> Record | Refused | None:
    """One line of an NDJSON source; None when it is a fact that no job works on."""
    if not isinstance(content, Mapping):
        return refused("MALFORMED", "", f"expected an object, was {content!r}")
    if "payload" in content:
        return _of_capture(content)
    kind = next((kind for member, kind in _MEMBERS.items() if member in content), None)
    if kind is None:
        return refused("MALFORMED", "", f"expected chain, trades or value, was {sorted(content)}")
    body = {name: value for name, value in content.items() if name not in ("symbol", "timestamp")}
    return _record(content.get("timestamp"), content.get("symbol"), kind, body)


def refused(reason: str, instrument: str, detail: str) -> Refused:
    """A refusal whose text is bounded."""
    return Refused(reason, instrument[:21], detail[:_MOST])


def canonical(value: Any) -> str:
    """JSON that is the same whoever writes it; NaN is null."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: Any) -> str:
    """SHA-256 over the canonical form."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def as_json(value: Any) -> Any:
    """A value in JSON's types, as a column keeps it."""
    return json.loads(canonical(value))


def _record(at: Any, symbol: Any, kind: str, body: dict[str, Any]) -> Record | Refused:
    name = ALL if kind == VIX1D else str(symbol or "").upper()
    try:
        instant = datetime.fromisoformat(str(at))
        if instant.tzinfo is None:
            return refused("NAIVE_TIME", name, f"expected a time zone in timestamp, was {at!r}")
        calendar.session_date(instant)
    except (ValueError, OverflowError):
        return refused("BAD_TIME", name, f"expected an instant in the calendar, was {at!r}")
    if kind != VIX1D and not 0 < len(name) <= _LONGEST_SYMBOL:
        return refused("BAD_SYMBOL", name, f"expected a symbol, was {symbol!r}")
    return Record(instant, name, kind, body)


# A tape that a gateway captured: {seq, recv_ns, feed, payload: {kind, value}}.
def _of_capture(content: Mapping[str, Any]) -> Record | Refused | None:
    try:
        payload, feed = content["payload"], content["feed"]
        kind, value = payload.get("kind"), payload.get("value")
        at = (_EPOCH + timedelta(microseconds=int(content["recv_ns"]) // 1000)).isoformat()
        if kind == "chain":
            return _record(value["as_of"], value["underlying"], CHAIN, {"captured": value})
        if kind == "trade":
            return _record(at, value["instrument"], PRINTS, {"trades": [value]})
        if kind == "quote" and value["instrument"] == "VIX1D" and value["last"]:
            body = {"value": value["last"], "source": feed}
            return _record(value["event_at"], ALL, VIX1D, body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return refused("MALFORMED", "", f"expected a captured fact: {error!r}")
    return None
