"""Order references: derived from the signal, never random, readable back (DOMAIN 6.3).

`QC:{env}:{intent_id}:{role}{n}` names an order for ever: the broker keeps it through restarts,
reconnects and corrections, and the router searches for it before any send.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import Role

MAX_LENGTH = 64
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_ULID_LENGTH = 26
_ULID_BYTES = 16
_REFERENCE = re.compile(
    r"QC:(?P<env>[a-z][a-z0-9_-]{0,15}):(?P<intent_id>[0-7][0-9A-HJKMNP-TV-Z]{25})"
    r":(?P<role>[ESTXF])(?P<n>[1-9]\d{0,3})"
)


@dataclass(frozen=True, slots=True)
class OrderRef:
    """The parts of an order reference."""

    env: str
    intent_id: str
    role: Role
    n: int

    def __str__(self) -> str:
        """The reference as the broker keeps it."""
        return f"QC:{self.env}:{self.intent_id}:{self.role}{self.n}"


def intent_id(signal_id: str, role: Role) -> str:
    """26 characters shaped like a ULID: the first 128 bits of SHA-256(`signal_id|role`)."""
    digest = hashlib.sha256(f"{signal_id}|{role}".encode()).digest()
    number = int.from_bytes(digest[:_ULID_BYTES], "big")
    shifts = range(5 * (_ULID_LENGTH - 1), -1, -5)
    return "".join(_ALPHABET[number >> shift & 31] for shift in shifts)


def order_ref(env: str, intent: str, role: Role, n: int) -> str:
    """Write a reference; raise MalformedInput when a part could not be read back."""
    text = str(OrderRef(env, intent, role, n))
    if parse_order_ref(text) is None:
        raise MalformedInput(f"expected an order reference we can read back, was {text!r}")
    return text


def share_ref(env: str, symbol: str, day: date, n: int) -> str:
    """Name the n-th order in shares of a symbol on a day; it belongs to no intent."""
    return f"QS:{env}:{symbol}:{day:%Y%m%d}:{n}"


def is_share_ref(text: str) -> bool:
    """Say whether a reference is that of an order in shares of ours."""
    return text.startswith("QS:")


def parse_order_ref(text: str) -> OrderRef | None:
    """Read a reference back; None when the order is not ours."""
    match = _REFERENCE.fullmatch(text)
    if match is None or len(text) > MAX_LENGTH:
        return None
    return OrderRef(match["env"], match["intent_id"], Role(match["role"]), int(match["n"]))
