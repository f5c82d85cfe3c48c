"""Trading classes: whose options a root names, and how they are exercised and settled.

A file carries no contract details, so the index roots are listed here (DOMAIN 1.1, 1.2); any
other root is its own underlying's American, physically settled class. A trailing digit marks an
adjusted contract of the same underlying.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from quanticity.domain.calendar import Settlement
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ

_AM_CASH = {"SPX": "SPX", "RUT": "RUT", "NDX": "NDX", "DJX": "DJX", "VIX": "VIX", "VIXW": "VIX"}
_PM_CASH = {
    "SPXW": "SPX",
    "SPXPM": "SPX",
    "RUTW": "RUT",
    "NDXP": "NDX",
    "XSP": "XSP",
    "MRUT": "MRUT",
    "XND": "XND",
    "XEO": "OEX",
}


@dataclass(frozen=True, slots=True)
class TradingClass:
    """What a root says of its contracts."""

    underlying: str
    settlement: Settlement
    european: bool


@cache
def trading_class(root: str) -> TradingClass:
    """Look a root up; unknown roots are American and physically settled."""
    if root in _AM_CASH:
        return TradingClass(_AM_CASH[root], Settlement.AM_CASH, european=True)
    if root in _PM_CASH:
        return TradingClass(_PM_CASH[root], Settlement.PM_CASH, european=True)
    return TradingClass(root.rstrip("0123456789"), Settlement.PM_PHYSICAL, european=False)


@lru_cache(maxsize=20_000)
def underlying_of(instrument: str) -> str | None:
    """Whose option an instrument is; None when it is none."""
    try:
        return trading_class(parse_occ(instrument).root).underlying
    except MalformedInput:
        return None
