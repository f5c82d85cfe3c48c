"""Orders as the exchange holds them, executions, and the news it gives of both (pure).

Prices are Decimal dollars per share, quantities Decimal contracts or shares (positive).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Status(StrEnum):
    """Order states by their names on the wire."""

    PENDING_SUBMIT = "PendingSubmit"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"

    @property
    def is_done(self) -> bool:
        """True when nothing can come of the order any more."""
        return self in {Status.FILLED, Status.CANCELLED, Status.INACTIVE}


STOPS = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT"})
CLOSING = frozenset({"MOC", "LOC"})
LIMITED = frozenset({"LMT", "STP LMT", "LOC", "TRAIL LIMIT"})
KNOWN = STOPS | CLOSING | {"MKT", "LMT"}
BUY, SELL = "BUY", "SELL"


@dataclass(slots=True)
class Order:
    """One order: what was asked, and how far it is."""

    client_id: int
    order_id: int
    con_id: int
    action: str
    quantity: Decimal
    order_type: str
    limit: Decimal | None = None
    aux: Decimal | None = None
    tif: str = "DAY"
    oca_group: str = ""
    oca_type: int = 0
    account: str = ""
    order_ref: str = ""
    transmit: bool = True
    parent_id: int = 0
    outside_rth: bool = False
    trail_stop: Decimal | None = None
    trail_percent: Decimal | None = None
    what_if: bool = False
    good_till: str = ""
    exchange: str = "SMART"
    perm_id: int = 0
    status: Status = Status.PENDING_SUBMIT
    filled: Decimal = ZERO
    average: Decimal = ZERO
    last_price: Decimal = ZERO
    why_held: str = ""
    triggered: bool = False
    confirmations: int = 0
    cap: Decimal | None = None
    turned_away: str = ""
    entered_at: datetime | None = None
    done_at: datetime | None = None

    @property
    def remaining(self) -> Decimal:
        """What is still to fill."""
        return self.quantity - self.filled

    @property
    def is_buy(self) -> bool:
        """True when it buys."""
        return self.action == BUY

    @property
    def is_working(self) -> bool:
        """True while the exchange holds it and it is not done."""
        return not self.status.is_done and self.status is not Status.PENDING_SUBMIT

    @property
    def is_stop(self) -> bool:
        """True for orders that wait for a trigger."""
        return self.order_type in STOPS

    @property
    def key(self) -> tuple[int, int]:
        """Client and order id: unique for ever."""
        return (self.client_id, self.order_id)


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill of one order."""

    exec_id: str
    client_id: int
    order_id: int
    perm_id: int
    con_id: int
    order_ref: str
    action: str
    quantity: Decimal
    price: Decimal
    cumulative: Decimal
    average: Decimal
    at: datetime
    venue: str
    liquidity: int
    commission: Decimal
    realized: Decimal | None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class OrderNews:
    """An order is, or is now, like this; a snapshot."""

    order: Order


@dataclass(frozen=True, slots=True)
class StatusNews:
    """The status alone, said again."""

    order: Order


@dataclass(frozen=True, slots=True)
class Executed:
    """A fill happened."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Commissioned:
    """The commission of a fill is known."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Refused:
    """A request or an order was refused, or warned about, with a code."""

    client_id: int
    order_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class PositionNews:
    """The holding of a contract changed."""

    con_id: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What an order would do to the margin."""

    order: Order
    initial_before: Decimal
    initial_after: Decimal
    equity_before: Decimal
    equity_after: Decimal
    commission: Decimal


News = OrderNews | StatusNews | Executed | Commissioned | Refused | PositionNews | WhatIf
