"""Protection: three invariants over what the broker works, and when a replacement may start (6.7).

Executable means that the broker could fill it now: a child waiting for its parent counts only up
to what the parent has filled; a stop waiting for its trigger counts in full.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from execution.orders.ticks import Touch
from quanticity.domain.orders import Role


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.protection]."""

    replace_min_bid_over_stop: Decimal
    replace_min_before_exit_s: float
    replace_min_apart_s: float
    unprotected_grace_s: float
    answer_s: float
    cancel_answer_s: float


@dataclass(frozen=True, slots=True)
class WorkingSell:
    """A sell the broker holds: `executable` contracts, its group ('' is alone), age by serial."""

    order_ref: str
    role: Role
    executable: int
    oca_group: str
    serial: int
    perm_id: int = 0


@dataclass(frozen=True, slots=True)
class Resting:
    """A protective sell as our rows have it; `bound` is what an attached child may fill.

    `said_at` is the broker's last word that it works, `sold_at` when its last sale was recorded.
    """

    order_ref: str
    role: Role
    quantity: int
    filled: int
    group: str
    serial: int
    is_working: bool
    bound: int | None = None
    said_at: datetime | None = None
    sold_at: datetime | None = None

    @property
    def remaining(self) -> int:
        """Contracts it could still sell by itself."""
        most = self.quantity if self.bound is None else min(self.quantity, self.bound)
        return max(0, most - self.filled)


def executable(orders: Sequence[Resting]) -> tuple[WorkingSell, ...]:
    """What the broker could fill now of each working sell.

    A sibling that has filled has reduced the others at the broker, told or not; what the broker
    said of an order after that sale was recorded is believed as it is.
    """
    found = []
    for order in orders:
        if not order.is_working:
            continue
        unheard = [o for o in orders if o is not order and _has_reduced(o, order)]
        size = min(o.remaining for o in (order, *unheard))
        found.append(WorkingSell(order.order_ref, order.role, size, order.group, order.serial))
    return tuple(found)


def at_most(orders: Sequence[Resting]) -> tuple[WorkingSell, ...]:
    """What each could still fill at worst: as the broker last said, whatever its group has sold.

    An amendment that crossed with a sale may have undone the group's reduction.
    """
    return tuple(
        WorkingSell(one.order_ref, one.role, one.remaining, one.group, one.serial)
        for one in orders
        if one.is_working
    )


def _has_reduced(sibling: Resting, order: Resting) -> bool:
    """Whether a sale of the sibling has made the order smaller than the broker last said."""
    if not sibling.filled or not order.group or sibling.group != order.group:
        return False
    if order.said_at is None or sibling.sold_at is None:
        return True
    return order.said_at <= sibling.sold_at


class Breakage(StrEnum):
    """Which invariant is broken."""

    STOPS_DIFFER = "a: stops differ from the position"
    OVER_PROTECTED = "b: groups could sell more than the position"
    ORPHAN = "c: a sell without a position"


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant with both numbers, and the order to cancel at once (none: repair)."""

    breakage: Breakage
    working: int
    position: int
    offender: WorkingSell | None

    @property
    def critical(self) -> bool:
        """True when it could take the position below zero."""
        return self.breakage is not Breakage.STOPS_DIFFER


def violations(position: int, working: Sequence[WorkingSell]) -> tuple[Violation, ...]:
    """Hold the working sells of one contract against its position; nothing is what we want."""
    live = [order for order in working if order.executable > 0]
    exposed = sum(max(o.executable for o in group) for group in groups(live))
    stopped = sum(o.executable for o in live if o.role is Role.STOP)
    newest = max(live, key=lambda o: o.serial, default=None)
    found = []
    if position <= 0 and live:
        found.append(Violation(Breakage.ORPHAN, exposed, position, newest))
    elif exposed > position:
        found.append(Violation(Breakage.OVER_PROTECTED, exposed, position, newest))
    if position > 0 and stopped != position:
        found.append(Violation(Breakage.STOPS_DIFFER, stopped, position, None))
    return tuple(found)


def groups(working: Iterable[WorkingSell]) -> list[list[WorkingSell]]:
    """Orders by OCA group; one without a group is a group of its own."""
    found: dict[str, list[WorkingSell]] = defaultdict(list)
    for order in working:
        found[order.oca_group or f"alone {order.order_ref} {order.perm_id}"].append(order)
    return list(found.values())


def claimed_outside(working: Iterable[WorkingSell], group: str) -> int:
    """Contracts that working sells outside one OCA group may take: `Cover.claimed`."""
    outside = [o for o in working if not group or o.oca_group != group]
    return sum(max(o.executable for o in members) for members in groups(outside))


class NotNow(StrEnum):
    """Why a replacement must not start."""

    NEAR_STOP = "the bid is near the stop"
    NO_QUOTE = "no admitted quote"
    NOT_CONNECTED = "not connected"
    EXIT_SOON = "a timed exit is near"
    TOO_SOON = "the last replacement was a moment ago"


def may_replace(
    quote: Touch | None,
    stop: Decimal,
    settings: Settings,
    *,
    connected: bool,
    to_timed_exit_s: float | None,
    since_last_s: float | None,
) -> NotNow | None:
    """Return why the replace protocol must not start, None when it may."""
    if not connected:
        return NotNow.NOT_CONNECTED
    if quote is None:
        return NotNow.NO_QUOTE
    if quote.bid <= settings.replace_min_bid_over_stop * stop:
        return NotNow.NEAR_STOP
    if to_timed_exit_s is not None and to_timed_exit_s < settings.replace_min_before_exit_s:
        return NotNow.EXIT_SOON
    if since_last_s is not None and since_last_s < settings.replace_min_apart_s:
        return NotNow.TOO_SOON
    return None
