"""Instruments: symbols, option contracts, and OCC option codes (DOMAIN 1.1, 1.2)."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from quanticity.domain.errors import MalformedInput

_COMPACT = re.compile(
    r"(?P<root>[A-Z][A-Z0-9]{0,5})(?P<date>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{8})"
)
_PADDED_LENGTH = 21


class Right(StrEnum):
    """Call or put."""

    CALL = "C"
    PUT = "P"

    @property
    def sign(self) -> int:
        """+1 for a call, -1 for a put."""
        return 1 if self is Right.CALL else -1


@dataclass(frozen=True, slots=True)
class OptionContract:
    """One listed option series: root (trading class), expiry, right, strike in dollars."""

    root: str
    expiry: date
    right: Right
    strike: Decimal

    @property
    def occ(self) -> str:
        """The compact OCC code, e.g. SPY251121C00600000."""
        return f"{self.root}{self.expiry:%y%m%d}{self.right}{int(self.strike * 1000):08d}"

    @property
    def occ21(self) -> str:
        """The padded 21-character form, IBKR's localSymbol."""
        return f"{self.root:<6}{self.expiry:%y%m%d}{self.right}{int(self.strike * 1000):08d}"

    @property
    def adjusted(self) -> bool:
        """True when the root ends in a digit: a non-standard deliverable, never traded."""
        return self.root[-1].isdigit()

    def __str__(self) -> str:
        """Say it as people do: `SPY 21 Nov 25 600C`."""
        strike = f"{self.strike.normalize():f}"
        return f"{self.root} {self.expiry.day} {self.expiry:%b %y} {strike}{self.right}"


@dataclass(frozen=True, slots=True)
class Share:
    """Shares of one symbol: never opened here, only closed after an exercise."""

    symbol: str

    @property
    def occ(self) -> str:
        """The code under which the broker's holdings and our messages name it."""
        return self.symbol


def parse_occ(code: str) -> OptionContract:
    """Read a compact or padded OCC code; raise MalformedInput naming the code otherwise."""
    if len(code) == _PADDED_LENGTH:
        code = code[:6].rstrip(" ") + code[6:]
    match = _COMPACT.fullmatch(code)
    if match is None:
        raise MalformedInput(f"expected an OCC option code, was {code!r}")
    strike = Decimal(match["strike"]) / 1000
    if not strike:
        raise MalformedInput(f"expected a positive strike in OCC code, was {code!r}")
    digits = match["date"]
    try:
        expiry = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError as error:
        raise MalformedInput(f"expected a calendar date in OCC code, was {code!r}") from error
    return OptionContract(match["root"], expiry, Right(match["right"]), strike)
