"""From a file's rows to a `Chain`: which contracts, which expiries, in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from analytics.chainfiles.roots import trading_class
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.options import Chain, Expiry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

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
    occ: list[str] = field(default_factory=list)
    bid: list[float] = field(default_factory=list)
    ask: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    bid_size: list[float] = field(default_factory=list)
    ask_size: list[float] = field(default_factory=list)
    volume: list[float] = field(default_factory=list)
    open_interest: list[float] = field(default_factory=list)
    vendor: dict[str, list[float]] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Contract:
    """One row that is a contract: its place in the file, and what its code says."""

    row: int
    occ: str
    contract: OptionContract
    underlying: str


def contracts(rows: Rows, symbol: str | None) -> tuple[str, list[Contract]]:
    """The underlying, and its contracts without repetitions, oddities counted in `rejected`."""
    listed = list(_parsed(rows))
    if not listed:
        raise MalformedInput("expected option contracts, found none")
    underlying = _underlying(rows, listed, symbol)
    countable = _countable(rows)
    kept, seen = [], set()
    for item in listed:
        if item.underlying != underlying:
            rows.rejected["OTHER_UNDERLYING"] += 1
        elif item.occ in seen:
            rows.rejected["DUPLICATE"] += 1
        elif not countable[item.row]:
            rows.rejected["MALFORMED"] += 1
        else:
            seen.add(item.occ)
            kept.append(item)
    return underlying, kept


def chain(
    rows: Rows,
    underlying: str,
    kept: list[Contract],
    *,
    as_of: datetime,
    spot: float | None,
    multiplier: int,
) -> Chain:
    """Put the contracts into columns, sorted by expiry, strike and right (calls first)."""
    expiries, places = _expiries(rows, kept, as_of)
    kept = [item for item in kept if _class_of(item.contract) in places]
    if not kept:
        raise MalformedInput("expected contracts within the exchange calendar, found none")
    strike = np.array([float(item.contract.strike) for item in kept])
    right = np.array([item.contract.right.sign for item in kept], dtype=np.int64)
    expiry = np.array([places[_class_of(item.contract)] for item in kept], dtype=np.int64)
    sorting = np.lexsort((-right, strike, expiry))
    order = np.array([item.row for item in kept])[sorting]
    return Chain(
        underlying=underlying,
        spot=spot,
        as_of=as_of,
        feed=rows.feed,
        delayed=rows.delayed,
        multiplier=multiplier,
        european=trading_class(kept[0].contract.root).european,
        expiries=expiries,
        occ=np.array([item.occ for item in kept])[sorting],
        right=right[sorting],
        strike=strike[sorting],
        expiry_idx=expiry[sorting],
        bid=_floats(rows.bid, order),
        ask=_floats(rows.ask, order),
        last=_floats(rows.last, order),
        bid_size=_counts(rows.bid_size, order),
        ask_size=_counts(rows.ask_size, order),
        volume=_counts(rows.volume, order),
        open_interest=_counts(rows.open_interest, order),
        quote_epoch_ms=np.full(len(order), -1, dtype=np.int64),
        vendor={name: _floats(column, order) for name, column in rows.vendor.items()},
        warnings=tuple(rows.warnings),
    )


def _parsed(rows: Rows) -> list[Contract]:
    found = []
    for row, code in enumerate(rows.occ):
        try:
            contract = parse_occ(code)
        except MalformedInput:
            rows.rejected["BAD_SYMBOL"] += 1
            continue
        compact = code if len(code) < _PADDED else contract.occ
        found.append(Contract(row, compact, contract, trading_class(contract.root).underlying))
    return found


def _underlying(rows: Rows, listed: list[Contract], symbol: str | None) -> str:
    present = Counter(item.underlying for item in listed)
    if symbol is not None:
        if symbol not in present:
            raise MalformedInput(f"expected contracts of {symbol}, found {', '.join(present)}")
        return symbol
    if rows.symbol is not None and rows.symbol in present:
        return rows.symbol
    return present.most_common(1)[0][0]


def _countable(rows: Rows) -> list[bool]:
    """Whether each row's open interest and volume are absent or plausible counts."""
    counts = np.array([rows.open_interest, rows.volume], dtype=float)
    good = np.isnan(counts) | ((counts >= 0) & (counts < _MAX_COUNT))
    return [bool(row) for row in good.all(axis=0)]


def _class_of(contract: OptionContract) -> tuple[date, str]:
    return contract.expiry, contract.root


def _expiries(
    rows: Rows, kept: list[Contract], as_of: datetime
) -> tuple[tuple[Expiry, ...], dict[tuple[date, str], int]]:
    found = []
    counted = Counter(_class_of(item.contract) for item in kept)
    for (day, root), listed in counted.items():
        settlement = trading_class(root).settlement
        try:
            settles = calendar.settlement_at(day, settlement)
            sessions, days = calendar.sessions_to(day, as_of), calendar.days_to(day, as_of)
        except ValueError:
            rows.rejected["OUTSIDE_CALENDAR"] += listed
            continue
        t_s = calendar.seconds_to(as_of, settles)
        found.append(Expiry(day, root, settlement, settles, t_s, sessions, days))
    found.sort(key=lambda e: (e.settlement_at, e.root))
    return tuple(found), {(e.expiry_date, e.root): i for i, e in enumerate(found)}


def _floats(column: list[float], order: Ints) -> Floats:
    values = np.array(column, dtype=float)[order]
    values[~(np.abs(values) < _BIG)] = np.nan
    return values


def _counts(column: list[float], order: Ints) -> Ints:
    values = np.nan_to_num(np.array(column, dtype=float)[order], nan=0.0)
    return np.asarray(values.astype(np.int64))
