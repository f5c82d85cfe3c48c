"""Orders: what we would send, what we sent, and what the broker says happened (DOMAIN 6).

Money is Decimal dollars, prices are dollars per share of the option, quantities are contracts.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from quanticity.domain.instruments import OptionContract, Share
from quanticity.domain.market import Side


class Role(StrEnum):
    """What an order is for; its letter is part of the order reference."""

    ENTRY = "E"
    STOP = "S"
    TARGET = "T"
    EXIT = "X"
    FLATTEN = "F"


class OrderType(StrEnum):
    """The order types we send; market orders on options are never among them."""

    LIMIT = "LMT"
    STOP = "STP"


class TimeInForce(StrEnum):
    """How long an order works; always sent explicitly."""

    DAY = "DAY"
    GTC = "GTC"


class IntentState(StrEnum):
    """Life of an order intent (DOMAIN 6.2)."""

    NEW = "NEW"
    CHECKED = "CHECKED"
    SIZED = "SIZED"
    SUBMITTING = "SUBMITTING"
    WORKING = "WORKING"
    PARTIAL = "PARTIAL"
    CANCEL_PENDING = "CANCEL_PENDING"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    BLOCKED = "BLOCKED"
    UNKNOWN = "UNKNOWN"


OFF_TICK = 110  # the broker's code for a price that is no multiple of the tick


class OrderStatus(StrEnum):
    """What the broker last said of one order, in our words."""

    PENDING = "PENDING"
    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class PositionState(StrEnum):
    """Life of a position (DOMAIN 6.2)."""

    OPENING = "OPENING"
    OPEN = "OPEN"
    REDUCING = "REDUCING"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"
    SETTLED = "SETTLED"
    QUARANTINED = "QUARANTINED"


class TradingState(StrEnum):
    """What may be sent: everything, only what shrinks positions, nothing but protection."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class ExitReason(StrEnum):
    """Why a position was closed."""

    STOP = "STOP"
    TARGET = "TARGET"
    TIME = "TIME"
    MANUAL = "MANUAL"
    FLATTEN = "FLATTEN"
    EXPIRY = "EXPIRY"
    SIGNAL_REVERSED = "SIGNAL_REVERSED"
    BACKUP_STOP = "BACKUP_STOP"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One order as we would send it; `order_ref` survives every crash and names it for ever."""

    order_ref: str
    role: Role
    contract: OptionContract | Share
    side: Side
    quantity: int
    order_type: OrderType
    time_in_force: TimeInForce
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    oca_group: str = ""
    oca_type: int = 0


@dataclass(frozen=True, slots=True)
class Bracket:
    """Entry, target and stop as one transmit chain: nothing is live until all are there."""

    entry: Ticket
    target: Ticket
    stop: Ticket


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; quantity is signed, + bought. Commission is None until reported."""

    exec_id: str
    order_ref: str
    perm_id: int
    contract: OptionContract | Share
    con_id: int
    quantity: int
    price: Decimal
    executed_at: datetime
    account: str
    commission: Decimal | None = None

    @property
    def base_exec_id(self) -> str:
        """The execution without its correction number (the part after the last dot)."""
        return self.exec_id.rpartition(".")[0] or self.exec_id

    @property
    def revision(self) -> int:
        """The correction number; a higher one replaces a lower one."""
        tail = self.exec_id.rpartition(".")[2]
        return int(tail) if tail.isdigit() else 0


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """What the broker says of one order; any order of arrival, any number of repetitions."""

    order_ref: str
    order_id: int
    perm_id: int
    con_id: int
    side: Side
    quantity: int
    filled: int
    status: OrderStatus
    limit_price: Decimal | None
    stop_price: Decimal | None
    at: datetime
    error_code: int | None = None
    error_text: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """A position as the broker reports it; quantity is signed contracts."""

    account: str
    con_id: int
    occ: str
    quantity: int
    average_cost: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """Broker account values in dollars, and when they were said."""

    account: str
    equity_usd: Decimal
    buying_power_usd: Decimal
    available_usd: Decimal
    cash_usd: Decimal
    at: datetime
    day_pnl_usd: Decimal | None = None  # the broker's own, when it says one


@dataclass(frozen=True, slots=True)
class Margin:
    """The broker's answer to what an order would do; None is "not set", which is unknown."""

    initial_after_usd: Decimal | None
    equity_after_usd: Decimal | None  # equity with loan value
    commission_usd: Decimal | None
    at: datetime
