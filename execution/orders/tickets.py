"""Tickets: the only place where an order is made, so that none can sell what we do not hold.

We buy to open and sell what we hold (DOMAIN 6.1). A sell comes from `sell_to_close`, which takes
the quantity held and what other working sells already claim of it, or from `sell_attached`, whose
order the broker executes only up to what its parent bought. No other code calls `Ticket(...)`; a
test keeps it so.
"""

from dataclasses import dataclass
from decimal import Decimal

from execution.orders.references import (
    intent_id,
    is_share_ref,
    order_ref,
    parse_order_ref,
)
from execution.risk.verdict import Denied
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, Share
from quanticity.domain.market import Side
from quanticity.domain.orders import OrderType, Role, Ticket, TimeInForce

__all__ = [
    "Cover",
    "buy_back",
    "buy_to_open",
    "close_shares",
    "intent_id",
    "order_ref",
    "parse_order_ref",
    "recorded",
    "sell_attached",
    "sell_to_close",
]

_EXITS = frozenset({Role.STOP, Role.TARGET, Role.EXIT, Role.FLATTEN})


@dataclass(frozen=True, slots=True)
class Cover:
    """What a sell may draw on: contracts held, less working sells outside its own OCA group."""

    held: int
    claimed: int = 0

    @property
    def free(self) -> int:
        """Contracts that may still be offered."""
        return max(0, self.held - self.claimed)


def buy_to_open(ref: str, contract: OptionContract, quantity: int, limit: Decimal) -> Ticket:
    """Make the entry: a DAY limit buy, whatever the direction (a bearish view is a bought put)."""
    return _ticket(ref, {Role.ENTRY}, contract, Side.BUY, quantity, TimeInForce.DAY, limit=limit)


def buy_back(ref: str, contract: OptionContract, excess: int, limit: Decimal) -> Ticket:
    """Make the one buy that does not open: it undoes a sell beyond the holding (DOMAIN 6.10)."""
    return _ticket(ref, {Role.FLATTEN}, contract, Side.BUY, excess, TimeInForce.DAY, limit=limit)


def close_shares(ref: str, share: Share, held: int, quantity: int, limit: Decimal) -> Ticket:
    """Make the order that closes shares of an exercise: the other side, never more than is held."""
    if not is_share_ref(ref):
        raise MalformedInput(f"expected a reference of shares, was {ref!r}")
    if not 1 <= quantity <= abs(held):
        raise MalformedInput(f"expected 1 to {abs(held)} shares for {ref}, was {quantity}")
    _refuse_bad_price(ref, limit)
    side = Side.SELL if held > 0 else Side.BUY
    return Ticket(ref, Role.FLATTEN, share, side, quantity, OrderType.LIMIT, TimeInForce.DAY, limit)


def sell_attached(
    entry: Ticket, ref: str, *, limit: Decimal | None = None, stop: Decimal | None = None
) -> Ticket:
    """Make a child of an entry: it sleeps until the entry fills and sells no more than that."""
    if entry.side is not Side.BUY or entry.role is not Role.ENTRY:
        raise MalformedInput(f"expected an entry to attach to, was {entry.order_ref!r}")
    return _ticket(
        ref, {Role.STOP, Role.TARGET}, entry.contract, Side.SELL, entry.quantity,
        TimeInForce.GTC, limit=limit, stop=stop,
    )  # fmt: skip


def sell_to_close(
    ref: str,
    contract: OptionContract,
    quantity: int,
    cover: Cover,
    *,
    limit: Decimal | None = None,
    stop: Decimal | None = None,
    oca_group: str = "",
    oca_type: int = 0,
) -> Ticket | Denied:
    """Make a sell of what we hold, or say SHORT_FORBIDDEN: quantity against what is free."""
    if quantity > cover.free:
        return Denied("SHORT_FORBIDDEN", quantity, cover.free)
    return _ticket(
        ref, _EXITS, contract, Side.SELL, quantity, TimeInForce.GTC,
        limit=limit, stop=stop, oca_group=oca_group, oca_type=oca_type,
    )  # fmt: skip


def recorded(
    ref: str,
    contract: OptionContract,
    side: Side,
    quantity: int,
    time_in_force: TimeInForce,
    *,
    limit: Decimal | None = None,
    stop: Decimal | None = None,
    oca: tuple[str, int] = ("", 0),
) -> Ticket:
    """Make again the ticket that an order row stands for; it was judged when the row was made."""
    return _ticket(
        ref, frozenset(Role), contract, side, quantity, time_in_force,
        limit=limit, stop=stop, oca_group=oca[0], oca_type=oca[1],
    )  # fmt: skip


def _ticket(  # noqa: PLR0913 - an order has this many parts
    ref: str,
    roles: set[Role] | frozenset[Role],
    contract: OptionContract | Share,
    side: Side,
    quantity: int,
    time_in_force: TimeInForce,
    *,
    limit: Decimal | None = None,
    stop: Decimal | None = None,
    oca_group: str = "",
    oca_type: int = 0,
) -> Ticket:
    parsed = parse_order_ref(ref)
    if parsed is None or parsed.role not in roles:
        raise MalformedInput(f"expected a reference with role {sorted(roles)}, was {ref!r}")
    if quantity < 1:
        raise MalformedInput(f"expected at least 1 contract for {ref}, was {quantity}")
    if (limit is None) == (stop is None):
        raise MalformedInput(f"expected a limit or a stop price for {ref}, was {limit} and {stop}")
    _refuse_bad_price(ref, limit if stop is None else stop)
    return Ticket(
        ref, parsed.role, contract, side, quantity,
        OrderType.LIMIT if stop is None else OrderType.STOP, time_in_force,
        limit, stop, oca_group, oca_type,
    )  # fmt: skip


def _refuse_bad_price(ref: str, price: Decimal | None) -> None:
    if price is None or not price.is_finite() or price <= 0:
        raise MalformedInput(f"expected a positive price for {ref}, was {price}")
