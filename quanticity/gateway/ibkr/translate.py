"""Foreign objects to ours and back: pure, the only place that knows both vocabularies.

Sentinels go here (DOMAIN 1.5): -1 or 0 without size is an absent price, anything of 1e300 or more
and 2147483647 are unset. Quantities of fills are signed by us, the broker sends BOT and SLD.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ib_insync import Contract, Execution, Order
from ib_insync import ContractDetails as TheirDetails
from ib_insync import OrderState as TheirState
from ib_insync import Position as TheirPosition

from quanticity.domain.calendar import Settlement, is_session, session
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, Right, Share, parse_occ
from quanticity.domain.market import Bar, Side
from quanticity.domain.orders import (
    Account,
    Fill,
    Holding,
    Margin,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Ticket,
)
from quanticity.gateway.ibkr.errors import CANCELLED, Kind, meaning
from quanticity.gateway.ports import ContractDetails

_UNSET = 1e300
_UNSET_INTEGER = 2147483647
# Sale conditions of the consolidated tapes (CTA, UTP) that say nothing of an aggressor.
_REGULAR = "@"
_CONDITIONS = {
    "O": "AUCTION", "5": "AUCTION", "6": "AUCTION",  # opening, reopening, closing print
    "Q": "AUCTION", "M": "AUCTION", "9": "AUCTION",  # official open and close, corrected close
    "L": "LATE", "G": "LATE", "P": "LATE",  # sold last, bunched sold, prior reference price
    "Z": "OUT_OF_SEQUENCE", "U": "OUT_OF_SEQUENCE",  # the latter in extended hours
    "V": "COMPLEX", "7": "COMPLEX",  # contingent and qualified contingent trade
    "4": "COMPLEX", "B": "COMPLEX", "W": "COMPLEX",  # priced by a derivative, average prices
    "H": "COMPLEX", "X": "COMPLEX",  # price variation, cross
    "C": "COMPLEX", "N": "COMPLEX", "R": "COMPLEX",  # settled for cash, next day, by the seller
}  # fmt: skip
_STATUSES = {
    "PendingSubmit": OrderStatus.PENDING,
    "ApiPending": OrderStatus.PENDING,
    "PreSubmitted": OrderStatus.WORKING,
    "Submitted": OrderStatus.WORKING,
    "PendingCancel": OrderStatus.WORKING,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "ApiCancelled": OrderStatus.CANCELLED,
}
# Older servers say "EST (Eastern Standard Time)" in summer as well.
_ZONES = {"EST": "America/New_York", "CST": "America/Chicago"}
_ACCOUNT_TAGS = {
    "equity_usd": "NetLiquidation",
    "buying_power_usd": "BuyingPower",
    "available_usd": "AvailableFunds",
    "cash_usd": "TotalCashValue",
}
ACCOUNT_TAGS = frozenset(_ACCOUNT_TAGS.values())


def number(value: float) -> float | None:
    """A finite number, or None for unset."""
    return value if math.isfinite(value) and abs(value) < _UNSET else None


def price(value: float) -> float | None:
    """A traded price; -1, 0 and unset are absent."""
    known = number(value)
    return known if known is not None and known > 0 else None


def size(value: float) -> float | None:
    """A size, 0 included; negative and unset are absent."""
    known = number(value)
    return known if known is not None and 0 <= known < _UNSET_INTEGER else None


def conditions(text: str) -> tuple[str, ...]:
    """A print's sale conditions: the tape's letters in our words where we have one (DOMAIN 3.8)."""
    words = dict.fromkeys(_CONDITIONS.values())
    codes = (code for part in text.split() for code in ([part] if part in words else part))
    return tuple(dict.fromkeys(_CONDITIONS.get(code, code) for code in codes if code != _REGULAR))


def money(value: float | str) -> Decimal | None:
    """A Decimal of what the broker wrote, or None for unset or unreadable."""
    try:
        known = number(float(value))
    except ValueError:
        return None
    return None if known is None else Decimal(str(value))


def option_contract(theirs: Contract) -> OptionContract:
    """The option series of a contract; the OCC code wins where it is given."""
    if theirs.localSymbol:
        return parse_occ(theirs.localSymbol)
    try:
        right = Right(theirs.right[:1])
    except ValueError as error:
        raise MalformedInput(f"expected an option contract, was {theirs}") from error
    expiry = expiry_date(theirs.lastTradeDateOrContractMonth)
    root = theirs.tradingClass or theirs.symbol
    return OptionContract(root, expiry, right, Decimal(str(theirs.strike)))


def their_option(contract: OptionContract, con_id: int, underlying: str) -> Contract:
    """The contract to ask or order with; `con_id` 0 asks for it."""
    return Contract(
        conId=con_id,
        symbol=underlying,
        secType="OPT",
        lastTradeDateOrContractMonth=f"{contract.expiry:%Y%m%d}",
        strike=float(contract.strike),
        right=contract.right.value,
        exchange="SMART",
        currency="USD",
        tradingClass=contract.root,
    )


def their_share(share: Share, con_id: int) -> Contract:
    """Shares to order, by smart routing."""
    return Contract(
        conId=con_id, symbol=share.symbol, secType="STK", exchange="SMART", currency="USD"
    )


def their_underlying(symbol: str, indexes: Mapping[str, str]) -> Contract:
    """A stock by smart routing, or an index on its exchange."""
    exchange = indexes.get(symbol)
    return Contract(
        symbol=symbol,
        secType="STK" if exchange is None else "IND",
        exchange=exchange or "SMART",
        currency="USD",
    )


def settlement(theirs: TheirDetails, am_settled: Iterable[str]) -> Settlement:
    """How a series settles: index roots in cash, a few of them at the open (DOMAIN 1.1)."""
    assert theirs.contract is not None
    if theirs.underSecType != "IND":
        return Settlement.PM_PHYSICAL
    root = theirs.contract.tradingClass
    return Settlement.AM_CASH if root in am_settled else Settlement.PM_CASH


def details(
    theirs: TheirDetails, increments: Sequence[tuple[float, float]], am_settled: Iterable[str]
) -> ContractDetails:
    """What the broker says of one series; without a price rule its smallest tick holds."""
    contract = theirs.contract
    assert contract is not None
    rule = increments or [(0.0, theirs.minTick)]
    return ContractDetails(
        contract=option_contract(contract),
        con_id=contract.conId,
        underlying=theirs.underSymbol or contract.symbol,
        multiplier=multiplier(contract.multiplier),
        settlement=settlement(theirs, am_settled),
        increments=tuple((Decimal(str(low)), Decimal(str(tick))) for low, tick in rule),
        trading_hours=theirs.tradingHours,
        liquid_hours=theirs.liquidHours,
        open_spans=spans(theirs.liquidHours, theirs.timeZoneId),
    )


def spans(hours: str, zone: str) -> tuple[tuple[datetime, datetime], ...] | None:
    """Liquid hours as instants; None when unsaid.

    `20251121:0930-20251121:1615;20251122:CLOSED`, in the zone that is named beside it.
    """
    if not hours or not zone:
        return None
    days = [day for day in hours.split(";") if "-" in day]
    try:
        there = ZoneInfo(_ZONES.get(zone.split(" ", maxsplit=1)[0], zone))
        pairs = [day.split("-") for day in days]
        return tuple((_instant(opens, there), _instant(closes, there)) for opens, closes in pairs)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise MalformedInput(f"expected liquid hours, was {hours!r} in {zone!r}") from error


def _instant(text: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(text, "%Y%m%d:%H%M").replace(tzinfo=zone).astimezone(UTC)


def multiplier(text: str) -> int:
    """Shares per contract; raise MalformedInput rather than guess 100."""
    if not text.isdigit() or not int(text):
        raise MalformedInput(f"expected a multiplier, was {text!r}")
    return int(text)


def rule_of(theirs: TheirDetails, exchange: str) -> int | None:
    """The id of the price rule for this exchange; the two lists run in parallel."""
    exchanges = theirs.validExchanges.split(",")
    rules = theirs.marketRuleIds.split(",")
    if exchange not in exchanges or len(rules) != len(exchanges):
        return None
    rule = rules[exchanges.index(exchange)]
    return int(rule) if rule.isdigit() else None


def their_order(
    ticket: Ticket, order_id: int, account: str, *, parent_id: int = 0, transmit: bool = True
) -> Order:
    """The order of a ticket; its time in force is always written, presets never decide."""
    order = Order(
        orderId=order_id,
        action=ticket.side.value,
        totalQuantity=ticket.quantity,
        orderType=ticket.order_type.value,
        tif=ticket.time_in_force.value,
        orderRef=ticket.order_ref,
        account=account,
        parentId=parent_id,
        transmit=transmit,
        ocaGroup=ticket.oca_group,
        ocaType=ticket.oca_type,
    )
    wanted = ticket.stop_price if ticket.order_type is OrderType.STOP else ticket.limit_price
    if wanted is None:
        raise MalformedInput(f"expected a price on {ticket.order_type} order {ticket.order_ref}")
    if ticket.order_type is OrderType.STOP:
        order.auxPrice = float(wanted)
    else:
        order.lmtPrice = float(wanted)
    return order


def status(text: str) -> OrderStatus:
    """Our word for the broker's; `Inactive` may wake again, so it is unknown until explained."""
    return _STATUSES.get(text, OrderStatus.UNKNOWN)


def order_update(
    theirs: Order, con_id: int, state: OrderStatus, filled: float, at: datetime
) -> OrderUpdate:
    """What one open or completed order looks like now."""
    return OrderUpdate(
        order_ref=theirs.orderRef,
        order_id=max(theirs.orderId, 0),
        perm_id=theirs.permId,
        con_id=con_id,
        side=Side(theirs.action) if theirs.action in {"BUY", "SELL"} else Side.UNKNOWN,
        quantity=int(theirs.totalQuantity),
        filled=int(size(filled) or 0),
        status=state,
        limit_price=_order_price(theirs.lmtPrice),
        stop_price=_order_price(theirs.auxPrice),
        at=at,
    )


def completed(theirs: Order, con_id: int, text: str, at: datetime) -> OrderUpdate:
    """A completed order; it has no order id, only permId and reference, and Inactive is final."""
    state = OrderStatus.REJECTED if text == "Inactive" else status(text)
    return order_update(theirs, con_id, state, theirs.filledQuantity, at)


def after_error(code: int, before: OrderStatus) -> OrderStatus:
    """What an error says of an order that was in this state: most are no death (pitfall 1)."""
    if before in {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED}:
        return before
    kind = meaning(code).kind
    if code == CANCELLED:
        return OrderStatus.CANCELLED
    if kind in {Kind.INFORMATIONAL, Kind.CONNECTIVITY}:
        return before
    if kind is Kind.PERMANENT and before is not OrderStatus.WORKING:
        return OrderStatus.REJECTED
    return OrderStatus.UNKNOWN


def ticket_update(
    ticket: Ticket, order_id: int, con_id: int, state: OrderStatus, at: datetime
) -> OrderUpdate:
    """An order we sent and have not heard of."""
    return OrderUpdate(
        ticket.order_ref, order_id, 0, con_id, ticket.side, ticket.quantity, 0, state,
        ticket.limit_price, ticket.stop_price, at,
    )  # fmt: skip


def is_ours(theirs: Contract) -> bool:
    """Say whether this is an option that our words can name."""
    if theirs.secType != "OPT":
        return False
    try:
        option_contract(theirs)
    except MalformedInput:
        return False
    return True


def is_shares(theirs: Contract) -> bool:
    """Say whether these are shares: what an exercise left is closed by an execution in them."""
    return theirs.secType == "STK" and bool(theirs.symbol)


def fill(theirs: Contract, execution: Execution) -> Fill:
    """One execution in an option or in shares, its quantity signed: + bought."""
    sign = {"BOT": 1, "SLD": -1}[execution.side]
    return Fill(
        exec_id=execution.execId,
        order_ref=execution.orderRef,
        perm_id=execution.permId,
        contract=Share(theirs.symbol) if is_shares(theirs) else option_contract(theirs),
        con_id=theirs.conId,
        quantity=sign * int(execution.shares),
        price=Decimal(str(execution.price)),
        executed_at=execution.time,
        account=execution.acctNumber,
    )


def holding(theirs: TheirPosition) -> Holding:
    """A position; the average cost is the broker's: with commission and multiplier.

    What is no option of ours keeps the broker's own name, so that it is seen and not lost.
    """
    contract = theirs.contract
    name = contract.localSymbol or contract.symbol
    if contract.secType == "OPT":
        with suppress(MalformedInput):
            name = option_contract(contract).occ
    return Holding(
        account=theirs.account,
        con_id=contract.conId,
        occ=name,
        quantity=int(theirs.position),
        average_cost=Decimal(str(theirs.avgCost)),
    )


def account_value(values: Mapping[tuple[str, str], str], tag: str) -> Decimal | None:
    """One account figure in dollars: the USD line, else the base currency's."""
    for currency in ("USD", "BASE", ""):
        if (tag, currency) in values:
            return money(values[tag, currency])
    return None


def account(
    name: str, values: Mapping[tuple[str, str], str], day_pnl: Decimal | None, at: datetime
) -> Account | None:
    """The account's four figures and its day, or None while one of the four is missing."""
    figures = {key: account_value(values, tag) for key, tag in _ACCOUNT_TAGS.items()}
    known = {key: value for key, value in figures.items() if value is not None}
    if len(known) < len(figures):
        return None
    return Account(account=name, at=at, day_pnl_usd=day_pnl, **known)


def bar(symbol: str, theirs: Any, n5: int) -> Bar:
    """One historical bar; a daily one carries a date and begins with its session."""
    when = theirs.date
    open_at = when.astimezone(UTC) if isinstance(when, datetime) else session(when).open_at
    return Bar(
        symbol, open_at, theirs.open, theirs.high, theirs.low, theirs.close,
        max(theirs.volume, 0.0), price(theirs.average), n5,
    )  # fmt: skip


def has_session(theirs: Any) -> bool:
    """Say whether a bar can be placed: a daily one of a day without a session cannot."""
    return isinstance(theirs.date, datetime) or is_session(theirs.date)


def real_time_bar(symbol: str, open_at: datetime, values: tuple[float, ...]) -> Bar:
    """One 5 s bar from open, high, low, close, volume, wap and count."""
    opened, high, low, close, volume, wap, *_ = values
    average = price(wap) if volume > 0 else None
    return Bar(symbol, open_at, opened, high, low, close, max(volume, 0.0), average)


def margin_change(state: TheirState) -> Decimal | None:
    """Initial margin this order would take in dollars, from a what-if answer."""
    return money(state.initMarginChange or "nan")


def margin(state: TheirState, at: datetime) -> Margin:
    """What the account would look like, from a what-if answer."""
    return Margin(
        initial_after_usd=money(state.initMarginAfter or "nan"),
        equity_after_usd=money(state.equityWithLoanAfter or "nan"),
        commission_usd=money(state.commission),
        at=at,
    )


def expiry_date(text: str) -> date:
    """An expiry as the broker writes it: 20251121, perhaps with a time."""
    try:
        return datetime.strptime(text.split(maxsplit=1)[0], "%Y%m%d").replace(tzinfo=UTC).date()
    except (ValueError, IndexError) as error:
        raise MalformedInput(f"expected an expiry date, was {text!r}") from error


def _order_price(value: float) -> Decimal | None:
    known = price(value)
    return None if known is None else Decimal(str(known))
