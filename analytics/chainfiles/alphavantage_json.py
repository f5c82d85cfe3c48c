"""Alpha Vantage's option chains: `{endpoint, message, data: [...]}`, every number a string.

The body has no spot and no time of day, only a `date`; a body with a note instead of data is the
vendor's way to refuse (DOMAIN 1.9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from analytics.chainfiles import cells
from analytics.chainfiles.columns import Rows
from quanticity.domain.errors import MalformedInput

FORMAT = "alphavantage_json"
_UNDATED = str(None)
_REFUSALS = ("Note", "Information", "Error Message")
_VENDOR = {
    "iv": "implied_volatility",
    "delta": "delta",
    "gamma": "gamma",
    "theta": "theta",
    "vega": "vega",
    "rho": "rho",
}
_COLUMNS = {
    "bid": "bid",
    "ask": "ask",
    "last": "last",
    "bid_size": "bid_size",
    "ask_size": "ask_size",
    "volume": "volume",
    "open_interest": "open_interest",
}


class _Option(msgspec.Struct, gc=False):
    contractID: str  # noqa: N815 - the vendor's name
    symbol: str = ""
    date: str | None = None
    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    volume: float | None = None
    open_interest: float | None = None
    implied_volatility: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    rho: float | None = None


class _Document(msgspec.Struct):
    data: list[_Option]
    note: msgspec.Raw | None = msgspec.field(default=None, name="Note")
    information: msgspec.Raw | None = msgspec.field(default=None, name="Information")
    error: msgspec.Raw | None = msgspec.field(default=None, name="Error Message")


# Every number is a string, which the lax decoder reads.
_DECODER = msgspec.json.Decoder(_Document, strict=False)


def decode(body: bytes | str) -> Rows | None:
    """Every contract of a body in the documented types; None where only `read` can tell."""
    document = cells.decoded(_DECODER, body)
    if document is None or document.note or document.information or document.error:
        return None
    options = document.data
    rows = Rows(FORMAT, "alphavantage", delayed=False)
    rows.symbol = next((option.symbol for option in options if option.symbol), None)
    rows.occ = [option.contractID for option in options]
    try:
        _date(rows, [option.date for option in options])
    except MalformedInput:
        return None
    return _filled(rows, cells.attributes(options, (*_COLUMNS.values(), *_VENDOR.values())))


def recognizes(document: Any) -> bool:
    """Say whether this is Alpha Vantage's shape, a refusal included."""
    if not isinstance(document, Mapping):
        return False
    return isinstance(document.get("data"), list) or any(key in document for key in _REFUSALS)


def read(document: Mapping[str, Any]) -> Rows:
    """Read every contract; raise MalformedInput on a refusal or an option that does not fit."""
    for key in _REFUSALS:
        if key in document:
            raise MalformedInput(f"the vendor answered with a {key.lower()} instead of data")
    rows = Rows(FORMAT, "alphavantage", delayed=False)
    options = document["data"]
    for index, option in enumerate(options):
        if not isinstance(option, dict) or "contractID" not in option:
            raise MalformedInput(f"data[{index}]: expected an object with `contractID`")
    rows.symbol = next((str(o["symbol"]) for o in options if o.get("symbol")), None)
    rows.occ = [str(option["contractID"]) for option in options]
    _date(rows, [option.get("date") for option in options])
    return _filled(rows, cells.columns(options, (*_COLUMNS.values(), *_VENDOR.values()), "data"))


def _date(rows: Rows, said: Sequence[Any]) -> None:
    """The days that rows bear; the latest is the file's."""
    rows.days = frozenset(map(str, said))
    known = {_day(text, said) for text in rows.days if text != _UNDATED}
    rows.vendor_date = max(known, default=None)
    if len(known) > 1:
        rows.warnings.append(f"file: rows of {len(known)} dates, taken as of {rows.vendor_date}")


def _day(text: str, said: Sequence[Any]) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        index = list(map(str, said)).index(text)
        raise MalformedInput(f"data[{index}].date: expected an ISO date, was {text!r}") from error


def _filled(rows: Rows, found: Mapping[str, cells.Floats]) -> Rows:
    for column, name in _COLUMNS.items():
        setattr(rows, column, found[name])
    rows.vendor = {column: found[name] for column, name in _VENDOR.items()}
    return rows
