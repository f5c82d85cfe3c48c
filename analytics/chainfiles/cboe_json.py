"""Cboe's delayed-quote JSON: `{timestamp (UTC), data: {current_price, options: [...]}}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from analytics.chainfiles import cells
from analytics.chainfiles.cells import number
from analytics.chainfiles.columns import Rows
from quanticity.domain.errors import MalformedInput

FORMAT = "cboe_json"
_VENDOR = ("iv", "delta", "gamma", "theta", "vega", "rho")
_COLUMNS = {
    "bid": "bid",
    "ask": "ask",
    "last": "last_trade_price",
    "bid_size": "bid_size",
    "ask_size": "ask_size",
    "volume": "volume",
    "open_interest": "open_interest",
}


class _Option(msgspec.Struct, gc=False):
    option: str
    bid: float | None = None
    ask: float | None = None
    last_trade_price: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    volume: float | None = None
    open_interest: float | None = None
    iv: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    rho: float | None = None


class _Data(msgspec.Struct):
    options: list[_Option]
    symbol: Any = None
    current_price: Any = None


class _Document(msgspec.Struct):
    data: _Data
    timestamp: Any = None
    symbol: Any = None


_DECODER = msgspec.json.Decoder(_Document, strict=False)


def decode(body: bytes | str) -> Rows | None:
    """Every option of a body in the documented types; None where only `read` can tell."""
    document = cells.decoded(_DECODER, body)
    if document is None:
        return None
    data, options = document.data, document.data.options
    rows = _headed(data.symbol or document.symbol, data.current_price, document.timestamp)
    rows.occ = [option.option for option in options]
    return _filled(rows, cells.attributes(options, (*_COLUMNS.values(), *_VENDOR)))


def recognizes(document: Any) -> bool:
    """Say whether this is Cboe's shape."""
    return (
        isinstance(document, Mapping)
        and isinstance(document.get("data"), Mapping)
        and isinstance(document["data"].get("options"), list)
    )


def read(document: Mapping[str, Any]) -> Rows:
    """Read every option; raise MalformedInput naming the one that does not fit."""
    data = document["data"]
    symbol = data.get("symbol") or document.get("symbol")
    rows = _headed(symbol, data.get("current_price"), document.get("timestamp"))
    options = data["options"]
    for index, option in enumerate(options):
        if not isinstance(option, dict) or "option" not in option:
            raise MalformedInput(f"options[{index}]: expected an object with `option`")
    rows.occ = [str(option["option"]) for option in options]
    return _filled(rows, cells.columns(options, (*_COLUMNS.values(), *_VENDOR), "options"))


def _headed(symbol: Any, price: Any, timestamp: Any) -> Rows:
    rows = Rows(FORMAT, "cboe_delayed", delayed=True)
    rows.symbol = str(symbol).lstrip("_^") if symbol else None
    spot = number(price, "current_price")
    rows.spot = spot if spot > 0 else None
    rows.vendor_at = _timestamp(timestamp)
    return rows


def _filled(rows: Rows, found: Mapping[str, cells.Floats]) -> Rows:
    for column, name in _COLUMNS.items():
        setattr(rows, column, found[name])
    rows.vendor = {name: found[name] for name in _VENDOR}
    return rows


def _timestamp(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
