"""Breaks: our book against the broker's statement, fill by fill, with candidate causes (6.17).

Matched on execution id without its revision, then compared: quantity, price, cost, realized; then
ending positions and cash. Differences within the tolerance are rounding.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from execution.ledger.executions import in_force
from execution.ledger.statements import Statement, Trade
from quanticity.domain.instruments import Share
from quanticity.domain.orders import Fill

_OPTION = "OPT"
_TRADED = "ExchTrade"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.breaks]."""

    fill_tolerance_usd: Decimal
    day_tolerance_usd: Decimal
    daily_pnl_tolerance_usd: Decimal
    daily_pnl_tolerance_frac: Decimal
    correction_frac: Decimal
    statement_zone: str


class Field(StrEnum):
    """What differs."""

    ACCOUNT = "ACCOUNT"
    MISSING_HERE = "MISSING_HERE"
    MISSING_THERE = "MISSING_THERE"
    QUANTITY = "QUANTITY"
    PRICE = "PRICE"
    COMMISSION = "COMMISSION"
    REALIZED = "REALIZED"
    POSITION = "POSITION"
    CASH = "CASH"
    TOTAL = "TOTAL"


@dataclass(frozen=True, slots=True)
class Break:
    """One difference: ours, theirs (None is absent), and what may have caused it."""

    field: Field
    subject: str
    ours: Decimal | None
    theirs: Decimal | None
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OurSide:
    """Fills of the statement's days with net costs; realized net per closing execution.

    `realized` is keyed by execution id without revision; positions are signed by con_id, and
    `settled` is what expiry took out of them.
    """

    fills: tuple[Fill, ...]
    realized: Mapping[str, Decimal | None]
    positions: Mapping[int, int]
    cash: Decimal | None = None
    settled: Mapping[int, int] = field(default_factory=dict)


def match(statement: Statement, ours: OurSide, settings: Settings) -> tuple[Break, ...]:
    """List every difference; none is a zero-break day."""
    mine = {fill.base_exec_id: fill for fill in in_force(ours.fills)}
    shares = {base for base, fill in mine.items() if isinstance(fill.contract, Share)}
    theirs = [
        trade
        for trade in statement.trades
        if trade.asset == _OPTION or trade.base_exec_id in shares
    ]
    known = {trade.base_exec_id: trade for trade in theirs if trade.exec_id}
    expired = _expired(theirs, ours)
    unexplained = [trade for trade in theirs if trade.exec_id or trade.con_id not in expired]
    found = [b for b in (_unmatched(trade, mine) for trade in unexplained) if b is not None]
    found += [_absent(fill) for base, fill in mine.items() if base not in known]
    for base in mine.keys() & known.keys():
        found += _compared(mine[base], known[base], ours.realized.get(base), settings)
    found += _ends(statement, ours, known, settings)
    return tuple(sorted(found, key=lambda b: (b.subject, b.field)))


def is_material(before: Decimal, after: Decimal, trade_usd: Decimal, settings: Settings) -> bool:
    """Say whether a figure moved by so much of its trade that a CORRECTION is to be told."""
    return abs(after - before) > settings.correction_frac * abs(trade_usd)


def is_daily_break(ours: Decimal, theirs: Decimal, settings: Settings) -> bool:
    """Say whether our day P&L and the broker's differ by more than rounding (DOMAIN 6.12)."""
    allowed = settings.daily_pnl_tolerance_frac * abs(theirs)
    return abs(ours - theirs) > max(settings.daily_pnl_tolerance_usd, allowed)


def _expired(trades: Iterable[Trade], ours: OurSide) -> frozenset[int]:
    """Contracts of which the statement books the end as we do: no execution, the same number."""
    ends: Counter[int] = Counter()
    for trade in trades:
        if not trade.exec_id and trade.kind != _TRADED:
            ends[trade.con_id] += int(trade.quantity)
    return frozenset(con_id for con_id, n in ends.items() if n and n == ours.settled.get(con_id))


def _unmatched(trade: Trade, mine: Mapping[str, Fill]) -> Break | None:
    if trade.exec_id and trade.base_exec_id in mine:
        return None
    causes: tuple[str, ...] = (
        "filled while we were away",
        "manual trade at the broker",
        "another client id",
    )
    if not trade.exec_id:
        causes = ("expiry, exercise or assignment",)
    subject = trade.exec_id or trade.transaction_id or trade.symbol
    return Break(Field.MISSING_HERE, subject, None, trade.quantity, causes)


def _absent(fill: Fill) -> Break:
    causes = ("reported on the next statement", "busted at the exchange", "outside the period")
    return Break(Field.MISSING_THERE, fill.exec_id, Decimal(fill.quantity), None, causes)


def _compared(
    fill: Fill, trade: Trade, realized: Decimal | None, settings: Settings
) -> Iterable[Break]:
    size = abs(trade.quantity) * trade.multiplier
    corrected = ("a correction we have not booked",) if trade.revision > fill.revision else ()
    if trade.quantity != fill.quantity:
        yield Break(Field.QUANTITY, fill.exec_id, Decimal(fill.quantity), trade.quantity, corrected)
    if abs(trade.price - fill.price) * size > settings.fill_tolerance_usd:
        causes = (*corrected, "average price against execution price")
        yield Break(Field.PRICE, fill.exec_id, fill.price, trade.price, causes)
    cost = trade.commission.net_usd
    if _differ(fill.commission, cost, settings.fill_tolerance_usd):
        yield Break(Field.COMMISSION, fill.exec_id, fill.commission, cost, _why_cost(fill, cost))
    if isinstance(fill.contract, Share):
        return  # the statement puts the option's premium into what the shares cost; we do not
    # Statements book realized on what closes; an opening says zero, and we say nothing.
    closes = fill.quantity < 0 or trade.realized_usd != 0
    if closes and _differ(realized, trade.realized_usd, settings.fill_tolerance_usd):
        causes = (*corrected, "lots matched otherwise", "a cost still pending here")
        yield Break(Field.REALIZED, fill.exec_id, realized, trade.realized_usd, causes)


def _why_cost(fill: Fill, cost: Decimal | None) -> tuple[str, ...]:
    if fill.commission is None:
        return ("the commission report never came",)
    if cost is not None and fill.commission == -cost:
        return ("the sign of the gateway's reports",)
    return ("fees adjusted after the trade", "another currency")


def _ends(
    statement: Statement, ours: OurSide, known: Mapping[str, Trade], settings: Settings
) -> Iterable[Break]:
    held = statement.positions
    # Shares and the like that somebody holds beside us, as their trades, are not looked at.
    ours_or_options = (held or {}).keys() - (statement.beside - ours.positions.keys())
    for con_id in sorted(ours_or_options | ours.positions.keys()) if held is not None else ():
        mine, theirs = Decimal(ours.positions.get(con_id, 0)), (held or {}).get(con_id, _ZERO)
        if mine != theirs:
            causes = ("a fill is missing on one side", "expiry, exercise or assignment")
            yield Break(Field.POSITION, str(con_id), mine, theirs, causes)
    cash = statement.ending_cash
    if None not in (cash, ours.cash) and _differ(ours.cash, cash, settings.day_tolerance_usd):
        causes = ("deposit, withdrawal, interest or fee", "a fill is missing on one side")
        yield Break(Field.CASH, "cash", ours.cash, cash, causes)
    yield from _total(ours.realized, list(known.values()), settings)


def _total(
    realized: Mapping[str, Decimal | None], trades: Sequence[Trade], settings: Settings
) -> Iterable[Break]:
    mine = sum((value for value in realized.values() if value is not None), _ZERO)
    options = [trade for trade in trades if trade.asset == _OPTION]
    theirs = sum((trade.realized_usd for trade in options), _ZERO)
    if _differ(mine, theirs, settings.day_tolerance_usd):
        causes = ("the sum of the breaks above", "rounding of many small fills")
        yield Break(Field.TOTAL, "realized", mine, theirs, causes)


def _differ(ours: Decimal | None, theirs: Decimal | None, tolerance: Decimal) -> bool:
    if ours is None or theirs is None:
        return ours is not theirs
    return abs(ours - theirs) > tolerance
