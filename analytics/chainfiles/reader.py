"""One chain file on disk becomes one `Chain`; its format is recognized by its content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from analytics.chainfiles import alphavantage_json, cboe_csv, cboe_json, columns, opening
from analytics.chainfiles.columns import Rows
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.domain.options import Chain


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file does not say of its contracts."""

    multiplier: int


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A file's chain, its format, how many rows it held and how many were refused unread."""

    chain: Chain
    source_format: str
    contracts: int
    rejected: dict[str, int]
    dated: bool


def load(
    path: Path,
    settings: Settings,
    *,
    symbol: str | None = None,
    as_of: datetime | None = None,
    spot: float | None = None,
) -> Loaded:
    """Read a file; raise MalformedInput with one sentence that names it and the problem.

    `as_of` and `spot` replace what the file says; `symbol` picks an underlying.
    """
    try:
        return parse(opening.read(path), settings, symbol=symbol, as_of=as_of, spot=spot)
    except MalformedInput as error:
        raise MalformedInput(f"{path}: {error}") from error


def parse(
    content: bytes | str,
    settings: Settings,
    *,
    symbol: str | None = None,
    as_of: datetime | None = None,
    spot: float | None = None,
) -> Loaded:
    """Read a file's text, or the body of an answer; raise MalformedInput."""
    return loaded(_rows(content), settings, symbol=symbol, as_of=as_of, spot=spot)


def parse_document(
    document: Any,
    settings: Settings,
    *,
    symbol: str | None = None,
    as_of: datetime | None = None,
    spot: float | None = None,
) -> Loaded:
    """Read JSON that was parsed before; raise MalformedInput."""
    return loaded(_document_rows(document), settings, symbol=symbol, as_of=as_of, spot=spot)


def loaded(
    rows: Rows,
    settings: Settings,
    *,
    symbol: str | None = None,
    as_of: datetime | None = None,
    spot: float | None = None,
) -> Loaded:
    """The chain of rows that were read before."""
    listing = columns.listing(rows, symbol)
    chain = columns.chain(
        rows,
        listing,
        as_of=_instant(rows, as_of),
        spot=rows.spot if spot is None else spot,
        multiplier=settings.multiplier,
    )
    dated = rows.vendor_at is not None or rows.vendor_date is not None
    return Loaded(chain, rows.source_format, len(rows.occ), dict(rows.rejected), dated)


def _rows(content: bytes | str) -> Rows:
    typed = cboe_json.decode(content) or alphavantage_json.decode(content)
    if typed is not None:
        return typed
    text = content if isinstance(content, str) else content.decode("utf-8-sig", errors="replace")
    if text.lstrip()[:1] in ("{", "["):
        return _json_rows(text)
    if cboe_csv.recognizes(text):
        return cboe_csv.read(text)
    raise MalformedInput(
        "expected a Cboe quote table, Cboe JSON or Alpha Vantage JSON, found neither"
    )


def _json_rows(text: str) -> Rows:
    try:
        document = from_json(text)
    except ValueError as error:
        raise MalformedInput(f"the JSON is truncated or malformed, {error}") from error
    return _document_rows(document)


def _document_rows(document: Any) -> Rows:
    if cboe_json.recognizes(document):
        return cboe_json.read(document)
    if alphavantage_json.recognizes(document):
        return alphavantage_json.read(document)
    raise MalformedInput("expected Cboe's or Alpha Vantage's JSON, found another shape")


def _instant(rows: Rows, given: datetime | None) -> datetime:
    found = given or rows.vendor_at or _close_of(rows.vendor_date)
    try:
        calendar.session_date(found)
    except ValueError as error:
        raise MalformedInput(f"expected a time within the calendar, was {found}") from error
    return found


def _close_of(day: date | None) -> datetime:
    """A date without a time is an end-of-day chain: the close of that day's session."""
    if day is None:
        raise MalformedInput("expected a readable date in the file, found none; give --asof")
    try:
        return calendar.on_or_after(day).close_at
    except ValueError as error:
        raise MalformedInput(f"expected a date within the calendar, was {day}") from error
