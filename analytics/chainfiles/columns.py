"""From a file's rows to a `Chain`: which contracts, which expiries, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.chainfiles.roots import trading_class
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.options import Chain, Expiry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Column = Any  # a list while a file is read line by line, an array where all come at once

_BIG = 1e300
_PADDED = 21  # characters of a symbol whose root is filled up with spaces
_MAX_COUNT = 2**31 - 1  # IBKR's "unset" integer, far above any listed count


@dataclass(slots=True)
class Rows:
    """What a reader found, one list entry per contract; NaN where the file says nothing."""

    source_format: str
    feed: str
    delayed: bool
    symbol: str | None = None
    spot: float | None = None
    vendor_at: datetime | None = None
    vendor_date: date | None = None
    days: frozenset[str] = frozenset()  # in the file's words
    occ: list[str] = field(default_factory=list)
    bid: Column = field(default_factory=list)
    ask: Column = field(default_factory=list)
    last: Column = field(default_factory=list)
    bid_size: Column = field(default_factory=list)
    ask_size: Column = field(default_factory=list)
    volume: Column = field(default_factory=list)
    open_interest: Column = field(default_factory=list)
    vendor: dict[str, Column] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)


Class = tuple[date, str]


class Parsed(NamedTuple):
    """One row that is a contract: its place in the file, and what its code says."""

    row: int
    occ: str
    contract: OptionContract
    underlying: str

    @property
    def series(self) -> Class:
        """Its expiry and trading class."""
        return self.contract.expiry, self.contract.root


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What the codes of a file say, whatever its quotes: which rows are contracts, in order.

    Sorted by expiry, strike and right (calls first); `rows` are their places in the file.
    """

    underlying: str
    classes: tuple[Class, ...]
    rows: Ints
    occ: NDArray[np.str_]
    strike: Floats
    right: Ints
    expiry_idx: Ints
    rejected: Counter[str]


def listing(rows: Rows, symbol: str | None) -> Listing:
    """The contracts of a file, without repetitions; oddities are counted in `rejected`."""
    countable = _countable(rows)
    codes = tuple(rows.occ)
    if not countable.all():
        # A row that cannot be counted is passed over as one without a code.
        codes = tuple(c if good else "" for c, good in zip(codes, countable, strict=True))
    found = _listing(codes, symbol, rows.symbol)
    rows.rejected.update(found.rejected)
    n_bad = int((~countable).sum())
    if n_bad:
        rows.rejected["MALFORMED"] += n_bad
        rows.rejected["BAD_SYMBOL"] -= n_bad
        rows.rejected = +rows.rejected
    return found


def chain(
    rows: Rows, found: Listing, *, as_of: datetime, spot: float | None, multiplier: int
) -> Chain:
    """Put the contracts into columns."""
    order = found.rows
    return Chain(
        underlying=found.underlying,
        spot=spot,
        as_of=as_of,
        feed=rows.feed,
        delayed=rows.delayed,
        multiplier=multiplier,
        european=trading_class(found.classes[0][1]).european,
        expiries=tuple(_expiry(one, as_of) for one in found.classes),
        occ=found.occ,
        right=found.right,
        strike=found.strike,
        expiry_idx=found.expiry_idx,
        bid=_floats(rows.bid, order),
        ask=_floats(rows.ask, order),
        last=_floats(rows.last, order),
        bid_size=_counts(rows.bid_size, order),
        ask_size=_counts(rows.ask_size, order),
        volume=_counts(rows.volume, order, untold=-1),
        open_interest=_counts(rows.open_interest, order, untold=-1),
        quote_epoch_ms=np.full(len(order), -1, dtype=np.int64),
        vendor={name: _floats(column, order) for name, column in rows.vendor.items()},
        warnings=tuple(rows.warnings),
    )


@lru_cache(maxsize=64)
def _listing(codes: tuple[str, ...], symbol: str | None, said: str | None) -> Listing:
    # The same all day, and longer to read than all its quotes.
    rejected: Counter[str] = Counter()
    listed = list(_parsed(codes, rejected))
    if not listed:
        raise MalformedInput("expected option contracts, found none")
    underlying = _underlying(listed, symbol, said)
    classes = _in_calendar({item.series for item in listed if item.underlying == underlying})
    kept: dict[str, Parsed] = {}
    for item in listed:
        if item.underlying != underlying:
            rejected["OTHER_UNDERLYING"] += 1
        elif item.occ in kept:
            rejected["DUPLICATE"] += 1
        elif item.series not in classes:
            rejected["OUTSIDE_CALENDAR"] += 1
        else:
            kept[item.occ] = item
    if not kept:
        raise MalformedInput("expected contracts within the exchange calendar, found none")
    return _sorted(underlying, classes, list(kept.values()), rejected)


def _sorted(
    underlying: str, classes: list[Class], kept: list[Parsed], rejected: Counter[str]
) -> Listing:
    places = {one: place for place, one in enumerate(classes)}
    strike = np.array([float(item.contract.strike) for item in kept])
    right = np.array([item.contract.right.sign for item in kept], dtype=np.int64)
    expiry = np.array([places[item.series] for item in kept], dtype=np.int64)
    order = np.lexsort((-right, strike, expiry))
    found = Listing(
        underlying, tuple(classes), np.array([item.row for item in kept])[order],
        np.array([item.occ for item in kept])[order], strike[order], right[order], expiry[order],
        rejected,
    )  # fmt: skip
    for column in (found.occ, found.strike, found.right, found.expiry_idx):
        column.flags.writeable = False  # shared by every chain of this listing
    return found


def _parsed(codes: tuple[str, ...], rejected: Counter[str]) -> Iterator[Parsed]:
    for row, code in enumerate(codes):
        try:
            contract = parse_occ(code)
        except MalformedInput:
            rejected["BAD_SYMBOL"] += 1
            continue
        compact = code if len(code) < _PADDED else contract.occ
        yield Parsed(row, compact, contract, trading_class(contract.root).underlying)


def _underlying(listed: list[Parsed], symbol: str | None, said: str | None) -> str:
    present = Counter(item.underlying for item in listed)
    if symbol is not None:
        if symbol not in present:
            raise MalformedInput(f"expected contracts of {symbol}, found {', '.join(present)}")
        return symbol
    if said is not None and said in present:
        return said
    return present.most_common(1)[0][0]


def _countable(rows: Rows) -> Bools:
    """Whether each row's open interest and volume are absent or plausible counts."""
    counts = np.array([rows.open_interest, rows.volume], dtype=float)
    good = np.isnan(counts) | ((counts >= 0) & (counts < _MAX_COUNT))
    return np.asarray(good.all(axis=0))


def _in_calendar(classes: set[Class]) -> list[Class]:
    """Classes whose expiry the exchange calendar knows, in the order in which they settle."""
    known = []
    for day, root in classes:
        try:
            known.append((calendar.settlement_at(day, trading_class(root).settlement), root, day))
        except ValueError:
            continue
    return [(day, root) for _, root, day in sorted(known)]


def _expiry(one: Class, as_of: datetime) -> Expiry:
    day, root = one
    settlement = trading_class(root).settlement
    settles = calendar.settlement_at(day, settlement)
    return Expiry(
        day, root, settlement, settles, calendar.seconds_to(as_of, settles),
        calendar.sessions_to(day, as_of), calendar.days_to(day, as_of),
    )  # fmt: skip


def _floats(column: Column, order: Ints) -> Floats:
    values = np.array(column, dtype=float)[order]
    values[~(np.abs(values) < _BIG)] = np.nan
    return values


def _counts(column: Column, order: Ints, *, untold: int = 0) -> Ints:
    values = np.nan_to_num(np.array(column, dtype=float)[order], nan=untold)
    return np.asarray(values.astype(np.int64))
