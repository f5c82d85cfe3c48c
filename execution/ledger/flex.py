"""Flex files, XML or CSV, as rows of text with lower-case names; times as UTC.

Nothing is interpreted here but the format: which element or section a row came from, and what
instant a text names. Times are in the account's zone unless suffixed.
"""

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quanticity.domain.errors import MalformedInput

Row = Mapping[str, str]
Rows = list[tuple[str, Row]]  # element or section, its values

_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_MOMENT = re.compile(_DAY.pattern + r"[;,T ]+(\d\d):?(\d\d):?(\d\d)\s*([A-Za-z][\w/+-]*)?")
_ZONES = {"EST": "America/New_York", "EDT": "America/New_York", "Z": "UTC", "GMT": "UTC"}
_CSV_NAMES = {
    "clientaccountid": "accountid",
    "currencyprimary": "currency",
    "assetclass": "assetcategory",
}
_CSV_FIRST = "clientaccountid"


def read_rows(text: str) -> Rows:
    """Read a statement's rows; raise MalformedInput saying what is wrong with the file."""
    plain = text.lstrip("\ufeff \r\n\t")
    return _xml_rows(plain) if plain.startswith("<") else _csv_rows(plain)


def moment(text: str, zone: tzinfo) -> datetime:
    """Read a statement's time as UTC: `20250911;170000`, `2021-02-03 10:01:50 EST`."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise MalformedInput(f"expected a statement time, was {text!r}")
    *digits, suffix = match.groups()
    try:
        year, month, day, hour, minute, second = map(int, digits)
        where = ZoneInfo(_ZONES.get(suffix, suffix)) if suffix else zone
        return datetime(year, month, day, hour, minute, second, tzinfo=where).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise MalformedInput(f"expected a statement time, was {text!r}") from error


def day(text: str) -> date | None:
    """Read a statement's date, None when it is absent."""
    match = _DAY.match(text)
    return date(int(match[1]), int(match[2]), int(match[3])) if match else None


def number(row: Row, name: str) -> Decimal:
    """Read a number that must be there; raise MalformedInput naming it otherwise."""
    found = optional(row, name)
    if found is None:
        raise MalformedInput(f"expected a number in {name}, was {row.get(name)!r}")
    return found


def optional(row: Row, name: str) -> Decimal | None:
    """Read a number, None when it is absent; thousands separators are allowed."""
    text = row.get(name, "").replace(",", "").strip()
    if text in {"", "--"}:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise MalformedInput(f"expected a number in {name}, was {text!r}") from error
    if not value.is_finite():
        raise MalformedInput(f"expected a finite number in {name}, was {text!r}")
    return value


def _xml_rows(text: str) -> Rows:
    # A statement declares no entities; refusing them is all the protection its parser needs.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise MalformedInput("expected a statement without a document type")
    try:
        root = ET.fromstring(text)  # noqa: S314 - entities are refused above
    except ET.ParseError as error:
        raise MalformedInput(f"expected Flex XML, {error}") from error
    rows: Rows = [(e.tag, {k.lower(): v for k, v in e.attrib.items()}) for e in root.iter()]
    if not any(tag in {"Trade", "FlexStatement"} for tag, _ in rows):
        raise MalformedInput(f"expected a Flex statement, was <{root.tag}>")
    return rows


# A Flex CSV is one table per section, each beginning with its own header.
def _csv_rows(text: str) -> Rows:
    found: Rows = []
    names: list[str] = []
    for cells in csv.reader(io.StringIO(text)):
        plain = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in cells]
        if plain and plain[0] == _CSV_FIRST:
            names = [_CSV_NAMES.get(name, name) for name in plain]
        elif names and any(cells):
            found.append((_section(names), dict(zip(names, cells, strict=False))))
    if not names:
        raise MalformedInput("expected a Flex CSV with a ClientAccountID header, found none")
    return found


def _section(names: Iterable[str]) -> str:
    if "ibexecid" in names:
        return "Trade"
    if "position" in names:
        return "OpenPosition"
    return "CashReportCurrency" if "endingcash" in names else "Other"
