"""Readings in their envelope (DOMAIN 0.5): written by tasks, read in one round trip."""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from quanticity.config.loader import config_hash
from quanticity.domain import calendar, clock, units
from quanticity.domain.readings import Reading, Unavailable, instant, plain
from quanticity.store import keys
from quanticity.store.client import client

log = logging.getLogger(__name__)
_together = threading.local()
_PARTS = {"as_of", "computed_at", "valid_until", "source", "feed", "quality", "data"}


@dataclass(frozen=True, slots=True)
class Input:
    """What a reading was made from: whose, as of when, and a hash of its content."""

    key: str
    as_of: datetime
    hash: str


@contextmanager
def together() -> Iterator[None]:
    """What this thread writes inside is stored at once at the end: no reader sees a part of it."""
    with client().pipeline(transaction=True) as pipe:
        _together.pipe = pipe
        try:
            yield
        finally:
            _together.pipe = None
        pipe.execute()


def write(  # noqa: PLR0913 - an envelope has this many parts
    symbol: str,
    family: str,
    result: Reading | Unavailable,
    *,
    as_of: datetime,
    feed: str,
    coverage: float | None = None,
    section: str | None = None,
    status: str = "OK",
    extra: dict[str, Any] | None = None,
    inputs: Sequence[Input] = (),
) -> dict[str, Any]:
    """Store one answer, or that there is none and why; return the envelope.

    `extra` joins the data: its place in its own history.
    """
    key = keys.reading(symbol, family)
    computed_at = clock.now()
    missing = isinstance(result, Unavailable)
    envelope = {
        "schema": f"analytics.{family}",
        "v": 1 if isinstance(result, Unavailable) else result.version,
        "symbol": None if family in (*keys.MARKET_WIDE, "sector") else symbol,
        "as_of": instant(as_of),
        "computed_at": instant(computed_at),
        "session_date": calendar.session_date(as_of).isoformat(),
        "source": settings.TRADING_MODE,
        "feed": feed,
        "quality": {
            "status": "INVALID" if missing else status,
            "coverage": coverage,
            "reasons": _reasons(family, result),
        },
        "provenance": {
            "inputs": plain(inputs),
            "model_version": f"{family}/1",
            "config_hash": config_hash(section) if section else None,
        },
        "valid_until": instant(computed_at + timedelta(seconds=key.seconds or 0)),
        "data": None if missing else plain(result) | _units(result) | (extra or {}),
    }
    store = getattr(_together, "pipe", None) or client()
    store.set(key.name, json.dumps(envelope, allow_nan=False), ex=key.ttl)
    return envelope


def _units(result: Reading | Unavailable) -> dict[str, Any]:
    kind: type = type(result)
    found = units.of(kind)
    return {"units": found} if found else {}


def _reasons(family: str, result: Reading | Unavailable) -> dict[str, str]:
    """Why there is no answer, or why some of its fields are missing."""
    if isinstance(result, Unavailable):
        return {family: result.reason}
    return dict(getattr(result, "reasons", {}))


def read(symbol: str, families: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Envelopes that exist, by family, in one round trip."""
    return read_all([symbol], families)[symbol]


def read_all(symbols: Sequence[str], families: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Envelopes of many symbols, by symbol and family, in one round trip."""
    names = [(s, f, keys.reading(s, f).name) for s in symbols for f in families]
    raw = client().mget([name for _, _, name in names])
    found: dict[str, dict[str, Any]] = {symbol: {} for symbol in symbols}
    for (symbol, family, name), value in zip(names, raw, strict=True):
        if value is not None and (one := envelope(name, value)) is not None:
            found[symbol][family] = one
    return found


def envelope(name: str, raw: bytes) -> dict[str, Any] | None:
    """Parse an envelope; what is none was not written by us, counts as absent, and is said."""
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if isinstance(found, dict) and found.keys() >= _PARTS:
        return found
    log.warning("%s holds no reading and counts as absent: %.80r", name, raw)
    return None


def add_history(symbol: str, metric: str, value: float, kept: int) -> None:
    """Append one value to a metric's recent history."""
    key = keys.history(symbol, metric)
    with client().pipeline(transaction=False) as pipe:
        pipe.rpush(key.name, repr(value))
        pipe.ltrim(key.name, -kept, -1)
        pipe.expire(key.name, key.ttl or keys.DAY)
        pipe.execute()


def history(symbol: str, metric: str) -> list[float]:
    """A metric's recent values, oldest first."""
    return [float(v) for v in client().lrange(keys.history(symbol, metric).name, 0, -1)]


def write_state(symbol: str, name: str, state: bytes) -> None:
    """Keep a calculator's incremental state as its owner wrote it."""
    key = keys.state(symbol, name)
    client().set(key.name, state, ex=key.ttl)


def read_state(symbol: str, name: str) -> bytes | None:
    """A calculator's incremental state, if there is one."""
    raw: bytes | None = client().get(keys.state(symbol, name).name)
    return raw
