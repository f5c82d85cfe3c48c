"""Sealing: what the ledger may say in public, and what it only commits to (DOMAIN 7.11).

A record names things by salted ids and carries the SHA-256 of salted facts: whoever is given the
salt and the facts can check them, nobody else learns a quantity, an account or an order from it.
What opens a seal is kept beside its record: rows go on changing, and keys are rotated.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from publishing import receipts

_ID = 16


def salted(name: str) -> str:
    """A name of ours as the public may see it: stable, and leading nowhere."""
    return _mac("id", name)[:_ID]


def salt(ref: str) -> str:
    """The salt of one record's seal."""
    return _mac("salt", ref)


def opening(ref: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What opens a record's seal: its facts as they were then, and its salt. To be kept."""
    return {"facts": as_text(facts), "salt": salt(ref)}


def sealed(opened: Mapping[str, Any]) -> str:
    """SHA-256 over a record's facts and salt in canonical form."""
    return hashlib.sha256(receipts.canonical(opened).encode()).hexdigest()


def as_text(value: Any) -> Any:
    """Facts as the ledger holds them: what is a float elsewhere is text here."""
    if isinstance(value, Mapping):
        return {str(key): as_text(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_text(member) for member in value]
    return repr(value) if isinstance(value, float) else value


def _mac(purpose: str, name: str) -> str:
    key = f"receipts {purpose} {settings.RECEIPTS_KEY}".encode()
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()
