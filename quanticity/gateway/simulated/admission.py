"""What the broker refuses, and its codes: fields at arrival, account rules later (pure)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from quanticity.domain import calendar
from quanticity.domain.clock import eastern
from quanticity.gateway.simulated import account, auctions, listing, matching
from quanticity.gateway.simulated.orders import (
    CLOSING,
    KNOWN,
    LIMITED,
    ZERO,
    Order,
    Refused,
    Status,
)

if TYPE_CHECKING:
    from quanticity.gateway.simulated.exchange import Exchange

_UNSUPPORTED = "Unsupported order type for this exchange and security type."
_OFF_TICK = "The price does not conform to the minimum price variation for this contract."
_TIMES = {"DAY", "GTC", "IOC", "FOK", "OPG", "GTD", ""}


def check_fields(order: Order, exchange: Exchange, *, revises: bool = False) -> Refused | None:
    """Refuse what cannot be read or priced: an error alone, no status ever."""
    account_name = f"Invalid account code '{order.account}'."
    for code, wrong, text in (
        (321, order.action not in {"BUY", "SELL"}, "The 'action' is missing or invalid."),
        (387, order.order_type not in KNOWN, _UNSUPPORTED),
        (321, order.tif not in _TIMES, "Invalid time in force."),
        (434, order.quantity <= 0, "The order size cannot be zero."),
        (321, order.quantity % 1 != 0, "Fractional quantity is not allowed."),
        (321, _lacks_price(order), "The limit or stop price is missing."),
        (321, _wrong_account(order, exchange), account_name),
        (110, not _on_tick(order), _OFF_TICK),
        (135, not revises and _lacks_parent(order, exchange), f"No order {order.parent_id}"),
        (387, _cannot_close(order), _UNSUPPORTED),
    ):
        if wrong:
            return Refused(*order.key, code, text)
    return None


def check_account(order: Order, exchange: Exchange) -> str | None:
    """Refuse by the account's rules: the reason that goes with error 201, or None."""
    is_option = account.multiplier(order.con_id) > 1
    limit = exchange.settings.max_working_per_side
    rules: tuple[tuple[bool, _Rule, str], ...] = (
        (not is_option, _is_index, "An index cannot be traded."),
        (is_option, _is_expired, "The contract has expired."),
        (is_option, _opposes, _BOTH_SIDES),
        (True, _is_crowded, f"Only {limit} working orders are allowed on one side of a contract."),
        (bool(order.oca_group), _group_is_filled, "OCA group is already filled."),
        (is_option, _uncovers, _UNCOVERED),
        (order.order_type in CLOSING, is_late, "It is past the cut-off of the closing auction."),
        (order.is_buy, _lacks_funds, _NO_FUNDS),
    )
    broken = (reason for applies, rule, reason in rules if applies and rule(order, exchange))
    return next(broken, None)


def check_revision(known: Order, asked: Order, exchange: Exchange) -> Refused | None:
    """Refuse the revision of an order."""
    attached = bool(known.parent_id)
    regrouped = bool(asked.oca_group) and asked.oca_group != known.oca_group
    explicit = bool(known.oca_group) and not attached and known.is_working
    locked = explicit and not exchange.settings.modify_explicit_oca
    same = asked.con_id == known.con_id and asked.action == known.action
    frozen = known.order_type in CLOSING and known.is_working and is_late(known, exchange)
    for code, wrong, text in (
        (201, frozen, "Order rejected - reason:It is past the cut-off of the closing auction."),
        (104, known.status is Status.FILLED, "Can't modify a filled order."),
        (103, known.status.is_done or not same, "Duplicate order id"),
        (105, asked.quantity < known.filled, "Order being modified does not match original order"),
        (10326, attached and regrouped, "OCA group revision is not allowed."),
        (10326, locked and bool(asked.oca_group), "OCA group revision is not allowed."),
        (10327, locked, "OCA group type revision is not allowed."),
    ):
        if wrong:
            return Refused(*known.key, code, text)
    refused = check_fields(asked, exchange, revises=True)
    if refused is not None or known.status is Status.PENDING_SUBMIT:
        return refused
    reason = _outgrown(known, asked, exchange)
    text = f"Order rejected - reason:{reason}"
    return None if reason is None else Refused(*known.key, 201, text)


def _outgrown(known: Order, asked: Order, exchange: Exchange) -> str | None:
    """A revision that takes more than the account has; the order as it was lives on."""
    held = exchange.books.account.quantity(known.con_id)
    if asked.is_buy:
        grows = _need(asked, exchange, asked.quantity - known.filled) > _need(
            known, exchange, known.remaining
        )
        short_of = grows and _lacks_funds(asked, exchange, asked.quantity - known.filled)
        return _NO_FUNDS if short_of else None
    is_option = account.multiplier(known.con_id) > 1
    if asked.quantity <= known.quantity or not is_option or exchange.settings.allow_uncovered:
        return None
    parent = exchange.books.parent(known)
    coming = parent.remaining if parent is not None and parent.is_working else ZERO
    others = _promised(known, exchange) if not known.parent_id else ZERO
    return _UNCOVERED if asked.quantity - known.filled + others > held + coming else None


_Rule = Callable[[Order, "Exchange"], bool]
_BOTH_SIDES = "Cannot have open orders on both sides of the same US Option contract in one account."
_UNCOVERED = "No permission to sell uncovered options."
_NO_FUNDS = "Your Available Funds are insufficient."
_PM = calendar.Settlement.PM_CASH
_STOCK_MARGIN = 4


def _lacks_price(order: Order) -> bool:
    if order.order_type in LIMITED and order.limit is None:
        return True
    if order.order_type.startswith("TRAIL"):
        return order.aux is None and order.trail_percent is None
    return order.order_type in {"STP", "STP LMT"} and order.aux is None


def _wrong_account(order: Order, exchange: Exchange) -> bool:
    return order.account not in {"", exchange.books.account.settings.account}


def _on_tick(order: Order) -> bool:
    penny = True
    contract = listing.option_of_id(order.con_id)
    if contract is not None:
        symbol = listing.symbol_of_root(contract.root)
        penny = symbol is None or symbol.penny_options
    prices = (order.limit, order.aux if not order.order_type.startswith("TRAIL") else None)
    return all(
        price is None or (price > 0 and matching.is_tick(price, penny=penny)) for price in prices
    )


def _lacks_parent(order: Order, exchange: Exchange) -> bool:
    parent = exchange.books.parent(order)
    return bool(order.parent_id) and (parent is None or parent.status.is_done)


def _cannot_close(order: Order) -> bool:
    return order.order_type in CLOSING and account.multiplier(order.con_id) > 1


# Orders of one bracket: a parent and all that is attached to it.
def _root(order: Order) -> tuple[int, int]:
    return (order.client_id, order.parent_id or order.order_id)


def _opposes(order: Order, exchange: Exchange) -> bool:
    return any(
        other.con_id == order.con_id
        and other.action != order.action
        and _root(other) != _root(order)
        for other in exchange.books.working()
    )


def _is_crowded(order: Order, exchange: Exchange) -> bool:
    same = [
        o for o in exchange.books.working() if (o.con_id, o.action) == (order.con_id, order.action)
    ]
    return len(same) >= exchange.settings.max_working_per_side


def _group_is_filled(order: Order, exchange: Exchange) -> bool:
    members = [
        other
        for other in exchange.books.orders.values()
        if other.oca_group == order.oca_group and other is not order and not other.parent_id
    ]
    return any(other.filled for other in members) and not any(o.is_working for o in members)


# A sale beyond the holding, after what other sell orders may take.
def _uncovers(order: Order, exchange: Exchange) -> bool:
    if order.is_buy or order.parent_id or exchange.settings.allow_uncovered:
        return False
    wanted = order.remaining + _promised(order, exchange)
    return wanted > exchange.books.account.quantity(order.con_id)


# What other sell orders of a contract may take; one group takes its largest, and an order's own
# group no more than the order does itself.
def _promised(order: Order, exchange: Exchange) -> Decimal:
    groups: dict[str, Decimal] = {order.oca_group: order.remaining} if order.oca_group else {}
    for other in exchange.books.working():
        if other.con_id == order.con_id and not other.is_buy and other is not order:
            group = other.oca_group or f"order {other.perm_id}"
            groups[group] = max(groups.get(group, ZERO), exchange.books.executable(other))
    own = order.remaining if order.oca_group else ZERO
    return sum(groups.values(), ZERO) - own


def is_late(order: Order, exchange: Exchange) -> bool:
    """Say whether it is past the cut-off of the contract's closing auction."""
    day, symbol = eastern(exchange.at).date(), listing.symbol_of_id(order.con_id)
    if symbol is None or not calendar.is_session(day):
        return False
    session, usual = calendar.session(day), exchange.settings.close_cutoff_minutes
    return auctions.cut_off(symbol, session, usual) <= exchange.at < session.close_at


def _lacks_funds(order: Order, exchange: Exchange, quantity: Decimal | None = None) -> bool:
    need = _need(order, exchange, order.quantity if quantity is None else quantity)
    free = exchange.books.account.available(exchange.mark) - bound_usd(exchange, besides=order)
    return need > 0 and need > free


def bound_usd(exchange: Exchange, *, besides: Order | None = None) -> Decimal:
    """Funds that purchases on their way hold, in dollars."""
    others = (o for o in exchange.books.working() if besides is None or o.key != besides.key)
    buys = (o for o in others if o.is_buy and o.is_working)
    return sum((_need(order, exchange, order.remaining) for order in buys), ZERO)


# What a purchase needs beyond closing a short: an option in full, shares by a quarter.
def _need(order: Order, exchange: Exchange, quantity: Decimal) -> Decimal:
    opening = quantity + min(exchange.books.account.quantity(order.con_id), ZERO)
    touch, times = exchange.touch(order.con_id), account.multiplier(order.con_id)
    price = order.limit or touch.ask or touch.last
    return max(price * opening * times / (_STOCK_MARGIN if times == 1 else 1), ZERO)


def _is_index(order: Order, _exchange: Exchange) -> bool:
    symbol = listing.symbol_of_id(order.con_id)
    return symbol is not None and symbol.sec_type == "IND"


def _is_expired(order: Order, exchange: Exchange) -> bool:
    contract = listing.option_of_id(order.con_id)
    return contract is not None and calendar.settlement_at(contract.expiry, _PM) <= exchange.at
