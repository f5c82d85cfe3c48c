"""Brackets: entry, target and stop as one plan, and the tranches of a filled position (6.7, 6.8).

The broker refuses both sides of one option contract at once, so protection rides with the entry:
parent BUY, child SELL target, child SELL stop, live only when the last has arrived. The attached
target is the profile's last target for n. After the fill n contracts are split into tranches,
each with one stop and one target of its own size in its own OCA group of type 2 (reduce with
block); the last tranche keeps the attached pair and so never loses protection.
"""

from dataclasses import dataclass
from decimal import Decimal

from execution.orders import stops
from execution.orders.references import order_ref
from execution.orders.tickets import Cover, buy_to_open, sell_attached, sell_to_close
from execution.orders.ticks import Increments, round_up
from execution.risk.verdict import Denied
from quanticity.domain.instruments import OptionContract
from quanticity.domain.orders import Bracket, Role, Ticket
from quanticity.domain.signals import Strategy

_PERCENT = Decimal(100)
_CANCEL_WITH_BLOCK = 1
_REDUCE_WITH_BLOCK = 2
MOST_TRANCHES = 10  # of one position; the last digit of their references


@dataclass(frozen=True, slots=True)
class Entry:
    """What an entry is made of; `n` numbers the attempt within the intent."""

    env: str
    intent_id: str
    strategy: Strategy
    contract: OptionContract
    quantity: int
    limit: Decimal
    n: int = 1


@dataclass(frozen=True, slots=True)
class Tranche:
    """A part of a position that leaves at its own target, in percent of entry premium."""

    quantity: int
    target_pct: Decimal


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one protective sell belongs: what it sells, its OCA group, its reference's number."""

    env: str
    intent_id: str
    contract: OptionContract
    quantity: int
    oca_group: str
    serial: int


def plan(entry: Entry, increments: Increments, settings: stops.Settings) -> Bracket | Denied:
    """Make the transmit chain for n contracts, or say that no stop fits below this price."""
    stop = stops.initial(entry.strategy, entry.limit, increments, settings).stop
    if stop is None:
        return Denied("PROTECTION_INFEASIBLE", entry.limit, "a stop of at least one tick")
    last = tranches(entry.quantity, settings.profiles[entry.strategy])[-1]
    parent = buy_to_open(_ref(entry, Role.ENTRY), entry.contract, entry.quantity, entry.limit)
    target = target_price(entry.limit, last.target_pct, increments)
    return Bracket(
        parent,
        sell_attached(parent, _ref(entry, Role.TARGET), limit=target),
        sell_attached(parent, _ref(entry, Role.STOP), stop=stop),
    )


def target_price(entry: Decimal, target_pct: Decimal, increments: Increments) -> Decimal:
    """The lowest accepted price at which the target's profit is reached."""
    return round_up(entry * (1 + target_pct / _PERCENT), increments)


def tranches(quantity: int, profile: stops.Profile) -> tuple[Tranche, ...]:
    """Split n contracts: one at the second target, two at the first two, three or more by thirds.

    A profile with one target takes all of it there.
    """
    targets = profile.targets_pct
    if quantity == 1:
        return (Tranche(1, targets[min(1, len(targets) - 1)]),)
    targets = targets[:quantity]
    found, left = [], quantity
    for target, one_in in zip(targets[:-1], profile.take_one_in, strict=False):
        size = max(1, left // one_in)
        found.append(Tranche(size, target))
        left -= size
    return (*found, Tranche(left, targets[-1]))


def stop_leg(slot: Slot, price: Decimal, cover: Cover) -> Ticket | Denied:
    """The stop of a tranche, in the tranche's own OCA group."""
    return sell_to_close(
        order_ref(slot.env, slot.intent_id, Role.STOP, slot.serial),
        slot.contract, slot.quantity, cover,
        stop=price, oca_group=slot.oca_group, oca_type=oca_type(slot.quantity),
    )  # fmt: skip


def target_leg(slot: Slot, price: Decimal, cover: Cover) -> Ticket | Denied:
    """The target of a tranche, in the group of its stop: what it sells the stop no longer can."""
    return sell_to_close(
        order_ref(slot.env, slot.intent_id, Role.TARGET, slot.serial),
        slot.contract, slot.quantity, cover,
        limit=price, oca_group=slot.oca_group, oca_type=oca_type(slot.quantity),
    )  # fmt: skip


def oca_type(quantity: int) -> int:
    """Reduce with block; a pair of one contract has nothing to reduce and cancels."""
    return _CANCEL_WITH_BLOCK if quantity == 1 else _REDUCE_WITH_BLOCK


def group_of(position_id: str, generation: int, number: int) -> str:
    """The OCA group `QC-{position}-{generation}-{tranche}`."""
    return f"QC-{position_id}-{generation}-{number}"


def serial_of(generation: int, number: int) -> int:
    """The number in the references of a tranche's orders; 1 is the pair attached to the entry."""
    return generation * MOST_TRANCHES + number


def _ref(entry: Entry, role: Role) -> str:
    return order_ref(entry.env, entry.intent_id, role, entry.n)
