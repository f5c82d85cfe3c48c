"""Alpha Vantage's option chains: `{endpoint, message, data: [...]}`, every number a string.

The body has no spot and no time of day, only a `date`; a body with a note instead of data is the
vendor's way to refuse (DOMAIN 1.9).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from analytics.chainfiles import cells
from analytics.chainfiles.columns import Rows
from quanticity.domain.errors import MalformedInput

FORMAT = "alphavantage_json"
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
    said = {str(o["date"]): i for i, o in enumerate(options) if o.get("date") is not None}
    days = {_day(text, index) for text, index in said.items()}
    found = cells.columns(options, (*_COLUMNS.values(), *_VENDOR.values()), "data")
    for column, name in _COLUMNS.items():
        setattr(rows, column, found[name])
    rows.vendor = {column: found[name] for column, name in _VENDOR.items()}
    known = sorted(days)
    rows.vendor_date = known[-1] if known else None
    if len(known) > 1:
        rows.warnings.append(f"file: rows of {len(known)} dates, taken as of {known[-1]}")
    return rows


def _day(text: str, index: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MalformedInput(f"data[{index}].date: expected an ISO date, was {text!r}") from error
