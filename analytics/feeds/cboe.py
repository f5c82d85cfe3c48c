"""Cboe over HTTP: delayed chains, and the daily history of VIX1D (DOMAIN 1.9)."""

import csv
import io
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.conf import settings

from analytics.chainfiles import cboe_json, reader, roots
from analytics.feeds import door
from quanticity.config.loader import section
from quanticity.domain.errors import MalformedInput
from quanticity.domain.options import Chain

FEED = "cboe_delayed"
_COLUMNS = ("DATE", "OPEN", "HIGH", "LOW", "CLOSE")


@dataclass(frozen=True, slots=True)
class DailyClose:
    """One session's official close, in index points."""

    day: date
    close: float


def chain(symbol: str) -> Chain:
    """The delayed chain of one underlying, as of the vendor's own time."""
    url = address(settings.FEED_URLS["QC_CBOE_QUOTES_URL"], symbol)
    body = door.get(url, {}, section("analytics.feeds.door", door.Settings))
    return read_chain(body, symbol)


def address(base: str, symbol: str) -> str:
    """Where a symbol's chain is; indexes carry an underscore, `{symbol}` in the base is filled."""
    name = f"_{symbol}" if roots.trading_class(symbol).european else symbol
    if "{symbol}" in base:
        return base.replace("{symbol}", name)
    return f"{base.rstrip('/')}/{name}.json"


def read_chain(body: bytes, symbol: str) -> Chain:
    """The chain in an answer; MalformedInput when it is not Cboe's, or has no time."""
    loaded = reader.parse(body, section("analytics.chainfiles", reader.Settings), symbol=symbol)
    if loaded.source_format != cboe_json.FORMAT:
        raise MalformedInput(f"expected Cboe's delayed quotes, was {loaded.source_format}")
    return loaded.chain


def vix1d_history() -> list[DailyClose]:
    """Every daily close of VIX1D, oldest first."""
    url = settings.FEED_URLS["QC_CBOE_VIX1D_URL"]
    return read_history(door.get(url, {}, section("analytics.feeds.door", door.Settings)))


def read_history(body: bytes) -> list[DailyClose]:
    """The closes of a `DATE,OPEN,HIGH,LOW,CLOSE` file; a row that does not fit is named."""
    rows = csv.reader(io.StringIO(_text(body)))
    try:
        header = tuple(cell.strip().upper() for cell in next(rows))
    except StopIteration:
        raise MalformedInput("expected a daily history, was empty") from None
    except csv.Error as error:
        raise MalformedInput(f"expected a daily history: {error}") from error
    if header != _COLUMNS:
        raise MalformedInput(f"expected the columns {','.join(_COLUMNS)}, was {header!r:.80}")
    try:
        found = [_close(number, row) for number, row in enumerate(rows, 2) if row]
    except csv.Error as error:
        raise MalformedInput(f"expected a daily history: {error}") from error
    if not found:
        raise MalformedInput("expected daily closes, found none")
    return sorted(found, key=lambda one: one.day)


def _close(number: int, row: list[str]) -> DailyClose:
    try:
        day = datetime.strptime(row[0].strip(), "%m/%d/%Y").replace(tzinfo=UTC).date()
        close = float(row[4])
    except (ValueError, IndexError) as error:
        raise MalformedInput(
            f"line {number}: expected a date and prices, was {row!r:.80}"
        ) from error
    if not math.isfinite(close) or close <= 0:
        raise MalformedInput(f"line {number}: expected a positive close, was {close}")
    return DailyClose(day, close)


def _text(body: bytes) -> str:
    return body.decode("utf-8-sig", errors="replace")
