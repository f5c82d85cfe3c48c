"""Broker statements: what the broker says of an account over some days (DOMAIN 6.17).

A statement reports costs as negative numbers. A cancelled trade (`TradeCancel`) takes its original
out; a corrected one comes again with a higher execution revision. Rows above execution level
(orders, summaries) say the same twice and are skipped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from execution.ledger import commissions
from execution.ledger.flex import Row, Rows, day, moment, number, optional, read_rows
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, parse_occ

_OPTION = "OPT"
_CANCEL = "TradeCancel"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution as the statement has it; quantity is signed, + bought."""

    exec_id: str
    trade_id: str
    transaction_id: str
    account: str
    asset: str
    symbol: str
    con_id: int
    contract: OptionContract | None
    multiplier: Decimal
    quantity: Decimal
    price: Decimal
    commission: commissions.Commission
    realized_usd: Decimal
    currency: str
    kind: str
    order_ref: str
    executed_at: datetime | None

    @property
    def base_exec_id(self) -> str:
        """The execution without its correction number."""
        return self.exec_id.rpartition(".")[0] or self.exec_id

    @property
    def revision(self) -> int:
        """The correction number; a higher one replaces a lower one."""
        tail = self.exec_id.rpartition(".")[2]
        return int(tail) if tail.isdigit() else 0


@dataclass(frozen=True, slots=True)
class Statement:
    """Trades in force, signed ending positions by con_id (None: not in the file), ending cash."""

    accounts: frozenset[str]
    from_date: date | None
    to_date: date | None
    trades: tuple[Trade, ...]
    positions: Mapping[int, Decimal] | None
    ending_cash: Decimal | None
    cancelled: tuple[Trade, ...]
    beside: frozenset[int] = frozenset()  # contracts held that are no options


def read(text: str, zone: tzinfo, settings: commissions.Settings) -> Statement:
    """Read a Flex statement, XML or CSV; raise MalformedInput saying what is wrong."""
    rows = read_rows(text)
    lines = [row for tag, row in rows if tag == "Trade" and _is_execution(row)]
    cancels = [row for row in lines if row.get("transactiontype") == _CANCEL]
    trades = [_trade(row, zone, settings) for row in lines if row not in cancels]
    cancelled = tuple(t for t in trades if any(_cancels(row, t) for row in cancels))
    heads = [row for tag, row in rows if tag == "FlexStatement"]
    return Statement(
        accounts=frozenset(filter(None, (row.get("accountid") for _, row in rows))),
        from_date=min(filter(None, (day(h.get("fromdate", "")) for h in heads)), default=None),
        to_date=max(filter(None, (day(h.get("todate", "")) for h in heads)), default=None),
        trades=_latest([t for t in trades if t not in cancelled]),
        positions=_positions(rows),
        ending_cash=_cash([row for tag, row in rows if tag == "CashReportCurrency"]),
        cancelled=cancelled,
        beside=_beside(rows),
    )


def _is_execution(row: Row) -> bool:
    return row.get("levelofdetail", "EXECUTION") == "EXECUTION" and bool(row.get("quantity"))


# By the transaction where the statement names it; a trade id alone is shared by corrections.
def _cancels(row: Row, trade: Trade) -> bool:
    transaction = row.get("origtransactionid", "")
    if transaction not in {"", "0"}:
        return transaction == trade.transaction_id
    same = row.get("origtradeid", "") == trade.trade_id != ""
    return same and number(row, "quantity") == -trade.quantity


def _trade(row: Row, zone: tzinfo, settings: commissions.Settings) -> Trade:
    quantity, price = number(row, "quantity"), number(row, "tradeprice")
    multiplier = optional(row, "multiplier") or Decimal(1)
    raw = optional(row, "ibcommission")
    asset = row.get("assetcategory", "")
    symbol = row.get("symbol", "")
    return Trade(
        exec_id=row.get("ibexecid", ""),
        trade_id=row.get("tradeid", ""),
        transaction_id=row.get("transactionid", ""),
        account=row.get("accountid", ""),
        asset=asset,
        symbol=symbol,
        con_id=int(optional(row, "conid") or 0),
        contract=parse_occ(symbol) if asset == _OPTION else None,
        multiplier=multiplier,
        quantity=_signed(row, quantity),
        price=price,
        commission=commissions.normalize(
            raw,
            commissions.Convention.COST_NEGATIVE,
            settings,
            notional_usd=quantity * price * multiplier,
        ),
        realized_usd=optional(row, "fifopnlrealized") or _ZERO,
        currency=row.get("currency", ""),
        kind=row.get("transactiontype", ""),
        order_ref=row.get("orderreference", ""),
        executed_at=_executed_at(row, zone),
    )


# Statements sign quantities; some CSV templates do not, and say only Buy/Sell.
def _signed(row: Row, quantity: Decimal) -> Decimal:
    is_sell = row.get("buysell", "").upper().startswith("SELL")
    return -quantity if is_sell and quantity > 0 else quantity


def _executed_at(row: Row, zone: tzinfo) -> datetime | None:
    text = row.get("datetime", "")
    if not text and row.get("tradetime"):
        text = f"{row.get('tradedate', '')};{row['tradetime']}"
    return moment(text, zone) if text else None


def _latest(trades: Sequence[Trade]) -> tuple[Trade, ...]:
    best: dict[tuple[str, str], Trade] = {}
    for number_, trade in enumerate(trades):
        # Exercises and assignments carry no execution id; each is its own.
        key = (trade.account, trade.base_exec_id or f"row {number_}")
        if key not in best or best[key].revision < trade.revision:
            best[key] = trade
    return tuple(best.values())


# A summary row and its lots say the same twice. An empty section says that all is flat.
def _positions(rows: Rows) -> Mapping[int, Decimal] | None:
    if not any(tag.startswith("OpenPosition") for tag, _ in rows):
        return None
    sums: dict[str, dict[int, Decimal]] = {}
    for row in (row for tag, row in rows if tag == "OpenPosition"):
        level = sums.setdefault(row.get("levelofdetail") or "SUMMARY", {})
        con_id = int(number(row, "conid"))
        level[con_id] = level.get(con_id, _ZERO) + number(row, "position")
    return sums.get("LOT", {}) | sums.get("SUMMARY", {})


def _beside(rows: Rows) -> frozenset[int]:
    held = (row for tag, row in rows if tag == "OpenPosition")
    other = (row for row in held if row.get("assetcategory") not in (None, "", _OPTION))
    return frozenset(int(number(row, "conid")) for row in other)


def _cash(rows: Sequence[Row]) -> Decimal | None:
    base = [row for row in rows if row.get("currency") == "BASE_SUMMARY"] or list(rows)
    if len(base) > 1:
        raise MalformedInput("expected one currency or a BASE_SUMMARY in the cash report")
    return optional(base[0], "endingcash") if base else None
