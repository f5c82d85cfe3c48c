"""Records of past days as the lines of a source."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.analytics import toy_chains

AT = toy_chains.AS_OF  # a Friday, 11:00 in New York


def vix1d(minute: int, value: Any = 15.0) -> dict[str, Any]:
    """One value of the index."""
    return {"timestamp": _at(minute), "value": value, "source": "test"}


def chain(minute: int, spot: float = 600.0, symbol: str = "SPY") -> dict[str, Any]:
    """One chain at Black-Scholes prices."""
    made = toy_chains.chain(spot=spot, root=symbol, interest=lambda k, _: int(k))
    rows = [
        {"occ": occ, "bid": bid, "ask": ask, "open_interest": held, "volume": 10}
        for occ, bid, ask, held in zip(
            made.occ.tolist(), made.bid.tolist(), made.ask.tolist(),
            made.open_interest.tolist(), strict=True,
        )
    ]  # fmt: skip
    quote = {"bid": spot - 0.01, "ask": spot + 0.01}
    return {"symbol": symbol, "timestamp": _at(minute), "quote": quote, "chain": rows}


def prints(minute: int, count: int = 40) -> dict[str, Any]:
    """The prints of the minute that ends now: some bought, some sold."""
    begun = AT + timedelta(minutes=minute - 1)
    trades = [
        {
            "timestamp": (begun + timedelta(seconds=60 * n / count)).isoformat(),
            "price": 600.0 + 0.01 * (n % 5), "size": 100 + 10 * (n * minute % 7),
            "bid": 600.0, "ask": 600.04, "quote_age_s": 0.1,
        }
        for n in range(count)
    ]  # fmt: skip
    return {"symbol": "SPY", "timestamp": _at(minute), "trades": trades}


def write(path: Path, records: Iterable[Any]) -> Path:
    """A source of these records, in this order; text is a line as it is."""
    lines = (one if isinstance(one, str) else json.dumps(one) for one in records)
    path.write_text("".join(line + "\n" for line in lines))
    return path


def at(minute: int) -> datetime:
    """The instant of a minute."""
    return AT + timedelta(minutes=minute)


def _at(minute: int) -> str:
    return at(minute).isoformat()
