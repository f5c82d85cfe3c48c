"""Hot market state: quotes, books, prints, bars and chains, written by one process, read by all."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np

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
_COLUMNS = (
    "right", "strike", "expiry_idx", "bid", "ask", "last", "bid_size", "ask_size", "volume",
    "open_interest", "quote_epoch_ms",
)  # fmt: skip


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
    columns = [np.ascontiguousarray(getattr(chain, name)) for name in _COLUMNS]
    occ = "\n".join(chain.occ.tolist()).encode()
    header = json.dumps(
        {
            "v": 1,
            "n": len(chain),
            "dtypes": [column.dtype.str for column in columns],
            "occ_bytes": len(occ),
            "underlying": chain.underlying,
            "spot": chain.spot,
            "as_of": chain.as_of.isoformat(),
            "feed": chain.feed,
            "delayed": chain.delayed,
            "multiplier": chain.multiplier,
            "european": chain.european,
            "expiries": [plain(dataclasses.asdict(e)) for e in chain.expiries],
            "warnings": chain.warnings,
        }
    ).encode()
    buffers = b"".join(column.tobytes() for column in columns)
    key = keys.chain(chain.underlying)
    client().set(key.name, len(header).to_bytes(4, "big") + header + occ + buffers, ex=key.ttl)


def chain(symbol: str) -> Chain | None:
    """The latest chain; numeric columns are views of the received bytes, not copies."""
    raw = client().get(keys.chain(symbol).name)
    if raw is None:
        return None
    size = int.from_bytes(raw[:4], "big")
    header = json.loads(raw[4 : 4 + size])
    start = 4 + size + header["occ_bytes"]
    occ = np.array(raw[4 + size : start].decode().split("\n") if header["n"] else [], dtype=str)
    columns: dict[str, Any] = {}
    for name, dtype in zip(_COLUMNS, header["dtypes"], strict=True):
        columns[name] = np.frombuffer(raw, dtype=dtype, count=header["n"], offset=start)
        start += columns[name].nbytes
    return Chain(
        underlying=header["underlying"], spot=header["spot"],
        as_of=datetime.fromisoformat(header["as_of"]), feed=header["feed"],
        delayed=header["delayed"], multiplier=header["multiplier"], european=header["european"],
        expiries=tuple(_expiry(e) for e in header["expiries"]), occ=occ,
        warnings=tuple(header["warnings"]), **columns,
    )  # fmt: skip


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
