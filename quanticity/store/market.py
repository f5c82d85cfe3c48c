"""Hot market state: quotes, books, prints, bars and chains, written by one process, read by all."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quanticity.domain import clock
from quanticity.domain.calendar import Settlement
from quanticity.domain.market import Bar, Book, Imbalance, Level, Quote, Trade
from quanticity.domain.options import Chain, Expiry
from quanticity.domain.readings import plain
from quanticity.store import keys
from quanticity.store.client import client
from quanticity.store.tails import Tail

PRINTS_KEPT = 5_000
BARS_KEPT = 1_000
BOOKS_KEPT = 240
# Columns of a stored chain and their types there, widest first so that all stay aligned.
_COLUMNS = {
    "strike": "<f8", "bid": "<f8", "ask": "<f8", "last": "<f8", "quote_epoch_ms": "<i8",
    "bid_size": "<i4", "ask_size": "<i4", "volume": "<i4", "open_interest": "<i4",
    "expiry_idx": "<i2", "right": "<i1",
}  # fmt: skip
_CHAIN_VERSION = 2
_LENGTH = 4  # bytes of the header's length
_ALIGNED = 8
_HEAD_BYTES = 16_384  # enough for the header of any chain we watch
_CHARACTER = 4  # bytes of a character in a NumPy string
_last_codes: dict[str, tuple[bytes, NDArray[np.str_]]] = {}


def write_quote(quote: Quote) -> None:
    """Replace the quote of an underlying."""
    _set(keys.quote(quote.instrument), quote)


def write_contract_quotes(quotes: Iterable[Quote]) -> None:
    """Replace the quotes of option contracts, in one round trip."""
    with client().pipeline(transaction=False) as pipe:
        for quote in quotes:
            key = keys.contract_quote(quote.instrument)
            pipe.set(key.name, _dump(quote), ex=key.ttl)
        pipe.execute()


def write_book(book: Book) -> None:
    """Replace the book of a symbol."""
    _set(keys.book(book.symbol), book)


def add_books(symbol: str, books: Sequence[Book]) -> None:
    """Append books, oldest first."""
    _append(keys.books(symbol), books, BOOKS_KEPT)


def write_imbalance(imbalance: Imbalance) -> None:
    """Replace the auction ticks of a symbol."""
    _set(keys.auction(imbalance.symbol), imbalance)


def add_trades(symbol: str, trades: Sequence[Trade]) -> None:
    """Append prints, oldest first."""
    _append(keys.prints(symbol), trades, PRINTS_KEPT)


def add_option_trades(symbol: str, trades: Sequence[Trade]) -> None:
    """Append prints of an underlying's options, oldest first."""
    _append(keys.option_prints(symbol), trades, PRINTS_KEPT)


def count_refused(session_date: date, counts: Mapping[str, int]) -> None:
    """Add records refused in a session, by reason."""
    key = keys.quarantine(session_date.isoformat())
    with client().pipeline(transaction=False) as pipe:
        for reason, count in counts.items():
            pipe.hincrby(key.name, reason, count)
        pipe.expire(key.name, key.ttl or keys.DAY)
        pipe.execute()


def refused(session_date: date) -> dict[str, int]:
    """Records refused in a session, by reason."""
    found = client().hgetall(keys.quarantine(session_date.isoformat()).name)
    return {reason.decode(): int(count) for reason, count in found.items()}


def add_bars(symbol: str, size: str, bars: Sequence[Bar]) -> None:
    """Append bars, oldest first."""
    _append(keys.bars(symbol, size), bars, BARS_KEPT)


def replace_bars(symbol: str, size: str, bars: Sequence[Bar]) -> None:
    """Begin the stream of bars anew (a restart reloads history)."""
    client().delete(keys.bars(symbol, size).name)
    add_bars(symbol, size, bars)


def quote(symbol: str) -> Quote | None:
    """The latest quote of an underlying."""
    return _quote(client().get(keys.quote(symbol).name))


def contract_quote(occ: str) -> Quote | None:
    """The latest quote of one option contract."""
    return _quote(client().get(keys.contract_quote(occ).name))


def book(symbol: str) -> Book | None:
    """The latest book."""
    raw = client().get(keys.book(symbol).name)
    return None if raw is None else _book(json.loads(raw))


def imbalance(symbol: str) -> Imbalance | None:
    """The latest auction ticks."""
    raw = client().get(keys.auction(symbol).name)
    if raw is None:
        return None
    content = json.loads(raw)
    return Imbalance(**content | {"event_at": datetime.fromisoformat(content["event_at"])})


def trades(symbol: str, count: int = PRINTS_KEPT) -> list[Trade]:
    """The latest prints, oldest first."""
    return trades_tail(symbol).values()[-count:]


@cache
def trades_tail(symbol: str) -> Tail[Trade]:
    """This process's tail of a symbol's prints."""
    return Tail(keys.prints(symbol), _trade, PRINTS_KEPT)


@cache
def option_trades_tail(symbol: str) -> Tail[Trade]:
    """This process's tail of the prints of a symbol's options."""
    return Tail(keys.option_prints(symbol), _trade, PRINTS_KEPT)


@cache
def books_tail(symbol: str) -> Tail[Book]:
    """This process's tail of a symbol's books."""
    return Tail(keys.books(symbol), _book, BOOKS_KEPT)


@cache
def bars_tail(symbol: str, size: str) -> Tail[Bar]:
    """This process's tail of a symbol's bars of one size."""
    return Tail(keys.bars(symbol, size), _bar, BARS_KEPT)


def trades_since(symbol: str, cursor: str) -> tuple[list[Trade], str]:
    """Prints after a stream position, with the new position; "0" is the beginning."""
    rows = client().xrange(keys.prints(symbol).name, min=f"({cursor}" if cursor != "0" else "-")
    if not rows:
        return [], cursor
    return [_trade(json.loads(fields[b"v"])) for _, fields in rows], rows[-1][0].decode()


def bars(symbol: str, size: str, count: int = BARS_KEPT) -> list[Bar]:
    """The latest bars, oldest first."""
    return bars_tail(symbol, size).values()[-count:]


def write_chain(chain: Chain) -> None:
    """Replace a chain: a JSON header with its length in front, then one buffer per column."""
    columns = [
        np.ascontiguousarray(getattr(chain, name), dtype=dtype) for name, dtype in _COLUMNS.items()
    ]
    codes = _bytes_of(chain.occ)
    header = json.dumps(
        {
            "v": _CHAIN_VERSION,
            "n": len(chain),
            "occ_width": codes.shape[1],
            "underlying": chain.underlying,
            "spot": chain.spot,
            "as_of": chain.as_of.isoformat(),
            "written_at": clock.now().isoformat(),
            "feed": chain.feed,
            "delayed": chain.delayed,
            "multiplier": chain.multiplier,
            "european": chain.european,
            "expiries": [plain(dataclasses.asdict(e)) for e in chain.expiries],
            "warnings": chain.warnings,
        }
    ).encode()
    header += b" " * (-(_LENGTH + len(header)) % _ALIGNED)
    buffers = b"".join([*(column.tobytes() for column in columns), codes.tobytes()])
    key = keys.chain(chain.underlying)
    client().set(key.name, len(header).to_bytes(_LENGTH, "big") + header + buffers, ex=key.ttl)


def chain(symbol: str) -> Chain | None:
    """The latest chain; prices and strikes are views of the received bytes, not copies."""
    raw = client().get(keys.chain(symbol).name)
    if raw is None:
        return None
    start = _LENGTH + int.from_bytes(raw[:_LENGTH], "big")
    header = json.loads(raw[_LENGTH:start])
    if header["v"] != _CHAIN_VERSION:
        return None
    columns: dict[str, Any] = {}
    for name, dtype in _COLUMNS.items():
        column = np.frombuffer(raw, dtype=dtype, count=header["n"], offset=start)
        start += column.nbytes
        columns[name] = column if column.dtype.kind == "f" else column.astype(np.int64)
    return Chain(
        underlying=header["underlying"], spot=header["spot"],
        as_of=datetime.fromisoformat(header["as_of"]), feed=header["feed"],
        delayed=header["delayed"], multiplier=header["multiplier"], european=header["european"],
        expiries=tuple(_expiry(e) for e in header["expiries"]),
        occ=_codes(symbol, raw[start:], header["occ_width"]),
        warnings=tuple(header["warnings"]), **columns,
    )  # fmt: skip


def chain_head(symbol: str) -> dict[str, Any] | None:
    """What the stored chain says of itself, without its columns."""
    name = keys.chain(symbol).name
    raw = client().getrange(name, 0, _HEAD_BYTES - 1)
    if not raw:
        return None
    end = _LENGTH + int.from_bytes(raw[:_LENGTH], "big")
    header = json.loads(
        raw[_LENGTH:end] if end <= len(raw) else client().getrange(name, _LENGTH, end - 1)
    )
    return dict(header) if header.get("v") == _CHAIN_VERSION else None


def _bytes_of(codes: NDArray[np.str_]) -> NDArray[np.uint8]:
    """Codes as one row of ASCII bytes each: NumPy's text holds four bytes per character."""
    width = max(codes.dtype.itemsize // _CHARACTER, 1)
    text = np.ascontiguousarray(codes, dtype=f"<U{width}")
    return text.view("<u4").reshape(len(codes), width).astype(np.uint8)


def _codes(symbol: str, raw: bytes, width: int) -> NDArray[np.str_]:
    """The codes again; the array of last time while the listing is the same."""
    kept = _last_codes.get(symbol)
    if kept is None or kept[0] != raw:
        wide = np.frombuffer(raw, dtype=np.uint8).astype("<u4")
        kept = _last_codes[symbol] = (raw, wide.view(f"<U{width}"))
        kept[1].flags.writeable = False
    return kept[1]


def _set(key: keys.Key, value: Any) -> None:
    client().set(key.name, _dump(value), ex=key.ttl)


def _dump(value: Any) -> bytes:
    return json.dumps(plain(value), allow_nan=False).encode()


def _append(key: keys.Key, values: Sequence[Any], kept: int) -> None:
    with client().pipeline(transaction=False) as pipe:
        for value in values:
            pipe.xadd(key.name, {"v": _dump(value)}, maxlen=kept, approximate=True)
        pipe.expire(key.name, key.ttl or keys.DAY)
        pipe.execute()


def _quote(raw: bytes | None) -> Quote | None:
    if raw is None:
        return None
    content = json.loads(raw)
    for name in ("event_at", "recv_at"):
        content[name] = datetime.fromisoformat(content[name])
    return Quote(**content)


def _trade(content: dict[str, Any]) -> Trade:
    return Trade(
        **{
            **content,
            "event_at": datetime.fromisoformat(content["event_at"]),
            "conditions": tuple(content["conditions"]),
        }
    )


def _book(content: dict[str, Any]) -> Book:
    return Book(
        content["symbol"],
        tuple(Level(**level) for level in content["bids"]),
        tuple(Level(**level) for level in content["asks"]),
        datetime.fromisoformat(content["event_at"]),
        content["synthetic"],
    )


def _bar(content: dict[str, Any]) -> Bar:
    return Bar(**{**content, "open_at": datetime.fromisoformat(content["open_at"])})


def _expiry(content: dict[str, Any]) -> Expiry:
    return Expiry(
        **{
            **content,
            "expiry_date": date.fromisoformat(content["expiry_date"]),
            "settlement": Settlement(content["settlement"]),
            "settlement_at": datetime.fromisoformat(content["settlement_at"]).astimezone(UTC),
        }
    )
