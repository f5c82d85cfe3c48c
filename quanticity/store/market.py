"""Hot market state: quotes, books, prints, bars and chains, written by one process, read by all."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any

from quanticity.domain import clock
from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.options import Chain
from quanticity.store import codec, columns, keys
from quanticity.store.client import client, quickly
from quanticity.store.columns import Listing
from quanticity.store.tails import Tail

PRINTS_KEPT = 5_000
BARS_KEPT = 1_000
BOOKS_KEPT = 240
# Per symbol: the listing that this process read last, and the one that it wrote last.
_listings: dict[str, Listing] = {}
_written: dict[str, str] = {}
_batched = threading.local()


@contextmanager
def batch() -> Iterator[None]:
    """What this thread writes inside goes to the store in one round trip, at the end."""
    with client().pipeline(transaction=False) as pipe:
        _batched.pipe = pipe
        try:
            yield
        finally:
            _batched.pipe = None
        pipe.execute()


@contextmanager
def _pipe() -> Iterator[Any]:
    """The batch of this thread, or a round trip of its own."""
    shared = getattr(_batched, "pipe", None)
    if shared is not None:
        yield shared
        return
    with client().pipeline(transaction=False) as pipe:
        yield pipe
        pipe.execute()


def write_quote(quote: Quote) -> None:
    """Replace the quote of an underlying."""
    _set(keys.quote(quote.instrument), quote)


def write_contract_quotes(quotes: Iterable[Quote]) -> None:
    """Replace the quotes of option contracts, in one round trip."""
    with _pipe() as pipe:
        for quote in quotes:
            key = keys.contract_quote(quote.instrument)
            pipe.set(key.name, codec.dump(quote), ex=key.ttl)


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
    """Begin the stream of bars anew (a restart reloads history).

    It is emptied, not deleted: a new stream could give an entry the id of one that is gone, and
    whoever reads on from there would take it for that one.
    """
    client().xtrim(keys.bars(symbol, size).name, maxlen=0, approximate=False)
    add_bars(symbol, size, bars)


def quote(symbol: str) -> Quote | None:
    """The latest quote of an underlying."""
    return quote_of(client().get(keys.quote(symbol).name))


def contract_quote(occ: str) -> Quote | None:
    """The latest quote of one option contract."""
    return quickly(lambda store: quote_of(store.get(keys.contract_quote(occ).name)))


def contract_quotes(occs: Sequence[str]) -> dict[str, Quote]:
    """The latest quotes of option contracts, of those that have one, in one round trip."""
    found = client().mget([keys.contract_quote(occ).name for occ in occs]) if occs else []
    known = ((occ, quote_of(raw)) for occ, raw in zip(occs, found, strict=True))
    return {occ: quote for occ, quote in known if quote is not None}


def book(symbol: str) -> Book | None:
    """The latest book."""
    raw = client().get(keys.book(symbol).name)
    return None if raw is None else codec.BOOK.decode(raw)


def imbalance(symbol: str) -> Imbalance | None:
    """The latest auction ticks."""
    raw = client().get(keys.auction(symbol).name)
    return None if raw is None else codec.IMBALANCE.decode(raw)


def trades(symbol: str, count: int = PRINTS_KEPT) -> list[Trade]:
    """The latest prints, oldest first."""
    return trades_tail(symbol).values()[-count:]


@cache
def trades_tail(symbol: str) -> Tail[Trade]:
    """This process's tail of a symbol's prints."""
    return Tail(keys.prints(symbol), codec.TRADE.decode, PRINTS_KEPT)


@cache
def option_trades_tail(symbol: str) -> Tail[Trade]:
    """This process's tail of the prints of a symbol's options."""
    return Tail(keys.option_prints(symbol), codec.TRADE.decode, PRINTS_KEPT)


@cache
def books_tail(symbol: str) -> Tail[Book]:
    """This process's tail of a symbol's books."""
    return Tail(keys.books(symbol), codec.BOOK.decode, BOOKS_KEPT)


@cache
def bars_tail(symbol: str, size: str) -> Tail[Bar]:
    """This process's tail of a symbol's bars of one size."""
    return Tail(keys.bars(symbol, size), codec.BAR.decode, BARS_KEPT)


def trades_since(symbol: str, cursor: str) -> tuple[list[Trade], str]:
    """Prints after a stream position, with the new position; "0" is the beginning."""
    rows = client().xrange(keys.prints(symbol).name, min=f"({cursor}" if cursor != "0" else "-")
    if not rows:
        return [], cursor
    return [codec.TRADE.decode(fields[b"v"]) for _, fields in rows], rows[-1][0].decode()


def bars(symbol: str, size: str, count: int = BARS_KEPT) -> list[Bar]:
    """The latest bars, oldest first."""
    return bars_tail(symbol, size).values()[-count:]


def write_chain(chain: Chain) -> None:
    """Replace a chain, and its listing when that is another one or gone."""
    packed = columns.pack(chain, clock.now())
    key, listing = keys.chain(chain.underlying), keys.chain_listing(chain.underlying)
    kept = _written.get(chain.underlying) == packed.digest
    with client().pipeline(transaction=True) as pipe:
        pipe.set(key.name, packed.quotes, ex=key.ttl)
        if kept:
            pipe.expire(listing.name, listing.ttl or keys.DAY)
        else:
            pipe.set(listing.name, packed.listing, ex=listing.ttl)
        found = pipe.execute()
    if not found[-1]:
        client().set(listing.name, packed.listing, ex=listing.ttl)
    _written[chain.underlying] = packed.digest


def chain(symbol: str) -> Chain | None:
    """The latest chain; its listing is fetched when it is not the one of last time."""
    raw = client().get(keys.chain(symbol).name)
    quotes = None if raw is None else columns.opened(raw)
    if quotes is None:
        return None
    listing = _listings.get(symbol)
    if listing is not None and listing.digest == quotes.digest:
        return columns.unpack(quotes, listing)
    return _chain_of_new_listing(symbol)


def chain_head(symbol: str) -> dict[str, Any] | None:
    """What the stored chain says of itself, without its columns."""
    raw = client().getrange(keys.chain(symbol).name, 0, columns.HEAD_BYTES - 1)
    return columns.head(raw) if raw else None


def _chain_of_new_listing(symbol: str) -> Chain | None:
    # Both at once, as they were written.
    raw, body = client().mget(keys.chain(symbol).name, keys.chain_listing(symbol).name)
    quotes = None if raw is None else columns.opened(raw)
    if quotes is None or body is None:
        return None
    listing = columns.unpack_listing(body, quotes.digest)
    if listing is None:
        return None
    _listings[symbol] = listing
    return columns.unpack(quotes, listing)


def _set(key: keys.Key, value: Any) -> None:
    with _pipe() as pipe:
        pipe.set(key.name, codec.dump(value), ex=key.ttl)


def _append(key: keys.Key, values: Sequence[Any], kept: int) -> None:
    with _pipe() as pipe:
        for value in values:
            pipe.xadd(key.name, {"v": codec.dump(value)}, maxlen=kept, approximate=True)
        pipe.expire(key.name, key.ttl or keys.DAY)


def quote_of(raw: bytes | None) -> Quote | None:
    """Parse a stored quote."""
    return None if raw is None else codec.QUOTE.decode(raw)
