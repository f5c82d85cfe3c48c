"""Cboe's delayed-quote JSON: `{timestamp (UTC), data: {current_price, options: [...]}}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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
    rows = Rows(FORMAT, "cboe_delayed", delayed=True)
    symbol = data.get("symbol") or document.get("symbol")
    rows.symbol = str(symbol).lstrip("_^") if symbol else None
    spot = number(data.get("current_price"), "current_price")
    rows.spot = spot if spot > 0 else None
    rows.vendor_at = _timestamp(document.get("timestamp"))
    options = data["options"]
    for index, option in enumerate(options):
        if not isinstance(option, dict) or "option" not in option:
            raise MalformedInput(f"options[{index}]: expected an object with `option`")
    rows.occ = [str(option["option"]) for option in options]
    found = cells.columns(options, (*_COLUMNS.values(), *_VENDOR), "options")
    for column, name in _COLUMNS.items():
        setattr(rows, column, found[name])
    rows.vendor = {name: found[name] for name in _VENDOR}
    return rows


def _timestamp(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
