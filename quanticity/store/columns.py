"""Chains as bytes: a JSON header, then one buffer per column that is read where it lies.

What changes with every quote and what only a new listing changes are two values: codes, strikes
and rights are two fifths of a chain, and the same all day. The header names the listing it
belongs to by a digest.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.calendar import Settlement
from quanticity.domain.options import Chain, Expiry
from quanticity.domain.readings import plain

VERSION = 5
HEAD_BYTES = 16_384  # enough for the header of any chain we watch
_LENGTH = 4  # bytes of the header's length
_ALIGNED = 8
_CHARACTER = 4  # bytes of a character in a NumPy string
# Columns and their types, widest first so that all stay aligned.
_QUOTES = {
    "bid": "<f8", "ask": "<f8", "last": "<f8", "quote_epoch_ms": "<i8", "bid_size": "<i4",
    "ask_size": "<i4", "volume": "<i4", "open_interest": "<i4",
}  # fmt: skip
_VENDOR = {"delta": "<f8"}  # after the others, where the feed tells its own: a cross-check
_LISTING = {"strike": "<f8", "expiry_idx": "<i2", "right": "<i1"}


class Packed(NamedTuple):
    """A chain as two values, and the digest of the second."""

    quotes: bytes
    listing: bytes
    digest: str


class Quotes(NamedTuple):
    """The bytes of a chain, the digest of the listing they belong to, where columns begin."""

    digest: str
    header: dict[str, Any]
    raw: bytes
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What a listing's bytes say; shared by all chains that name its digest."""

    digest: str
    columns: dict[str, NDArray[Any]]


def pack(chain: Chain, written_at: datetime) -> Packed:
    """Both values of a chain."""
    codes = _bytes_of(chain.occ)
    body = b"".join([*_buffers(chain, _LISTING), codes.tobytes()])
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    listing = _header({"v": VERSION, "n": len(chain), "occ_width": codes.shape[1]}) + body
    header = _header(
        {
            "v": VERSION,
            "n": len(chain),
            "listing": digest,
            "underlying": chain.underlying,
            "spot": chain.spot,
            "spot_low": chain.spot_low,
            "spot_high": chain.spot_high,
            "as_of": chain.as_of.isoformat(),
            "written_at": written_at.isoformat(),
            "feed": chain.feed,
            "delayed": chain.delayed,
            "stale": chain.is_stale,
            "multiplier": chain.multiplier,
            "european": chain.european,
            "expiries": [plain(dataclasses.asdict(e)) for e in chain.expiries],
            "warnings": chain.warnings,
            "vendor": "delta" in chain.vendor,
        }
    )
    told = [chain.vendor["delta"].astype("<f8").tobytes()] if "delta" in chain.vendor else []
    return Packed(header + b"".join([*_buffers(chain, _QUOTES), *told]), listing, digest)


def opened(quotes: bytes) -> Quotes | None:
    """A chain's bytes with their header read; None for bytes of another version."""
    header, start = _read_header(quotes)
    if header["v"] != VERSION:
        return None
    return Quotes(header["listing"], header, quotes, start)


def head(start: bytes) -> dict[str, Any] | None:
    """What a chain says of itself, from its first bytes; None when they are too few or of old."""
    if len(start) < _LENGTH + int.from_bytes(start[:_LENGTH], "big"):
        return None
    header, _ = _read_header(start)
    return header if header["v"] == VERSION else None


def unpack_listing(raw: bytes, digest: str) -> Listing | None:
    """A listing's columns; None when the bytes are not the listing of this digest."""
    header, start = _read_header(raw)
    found = hashlib.blake2b(memoryview(raw)[start:], digest_size=8).hexdigest()
    if header["v"] != VERSION or found != digest:
        return None
    columns, start = _views(raw, _LISTING, header["n"], start)
    codes = np.frombuffer(raw, dtype=np.uint8, offset=start).astype("<u4")
    columns["occ"] = codes.view(f"<U{header['occ_width']}")
    for column in columns.values():
        column.flags.writeable = False
    return Listing(digest, columns)


def unpack(quotes: Quotes, listing: Listing) -> Chain:
    """The chain; prices are views of the received bytes, not copies."""
    header = quotes.header
    columns: dict[str, Any] = dict(listing.columns)
    found, start = _views(quotes.raw, _QUOTES, header["n"], quotes.start)
    columns |= found
    told = _views(quotes.raw, _VENDOR, header["n"], start)[0] if header.get("vendor") else {}
    return Chain(
        underlying=header["underlying"], spot=header["spot"],
        spot_low=header["spot_low"], spot_high=header["spot_high"],
        as_of=datetime.fromisoformat(header["as_of"]), feed=header["feed"],
        delayed=header["delayed"], multiplier=header["multiplier"], european=header["european"],
        expiries=tuple(_expiry(e) for e in header["expiries"]),
        warnings=tuple(header["warnings"]), vendor=told, **columns,
    )  # fmt: skip


def _buffers(chain: Chain, types: dict[str, str]) -> list[bytes]:
    return [
        np.ascontiguousarray(getattr(chain, name), dtype=kind).tobytes()
        for name, kind in types.items()
    ]


def _views(
    raw: bytes, types: dict[str, str], n: int, start: int
) -> tuple[dict[str, NDArray[Any]], int]:
    """Columns from a place in the bytes, and the place after them; whole numbers become int64."""
    columns: dict[str, NDArray[Any]] = {}
    for name, kind in types.items():
        column = np.frombuffer(raw, dtype=kind, count=n, offset=start)
        start += column.nbytes
        columns[name] = column if column.dtype.kind == "f" else column.astype("<i8", copy=False)
    return columns, start


def _header(content: dict[str, Any]) -> bytes:
    text = json.dumps(content).encode()
    text += b" " * (-(_LENGTH + len(text)) % _ALIGNED)
    return len(text).to_bytes(_LENGTH, "big") + text


def _read_header(raw: bytes) -> tuple[dict[str, Any], int]:
    start = _LENGTH + int.from_bytes(raw[:_LENGTH], "big")
    return json.loads(raw[_LENGTH:start]), start


def _bytes_of(codes: NDArray[np.str_]) -> NDArray[np.uint8]:
    """Codes as one row of ASCII bytes each: NumPy's text holds four bytes per character."""
    width = max(codes.dtype.itemsize // _CHARACTER, 1)
    text = np.ascontiguousarray(codes, dtype=f"<U{width}")
    return text.view("<u4").reshape(len(codes), width).astype(np.uint8)


def _expiry(content: dict[str, Any]) -> Expiry:
    return Expiry(
        **{
            **content,
            "expiry_date": date.fromisoformat(content["expiry_date"]),
            "settlement": Settlement(content["settlement"]),
            "settlement_at": datetime.fromisoformat(content["settlement_at"]).astimezone(UTC),
        }
    )
