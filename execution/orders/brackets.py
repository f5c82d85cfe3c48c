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
from execution.orders.tickets import Cover, amended, buy_to_open, sell_attached, sell_to_close
from execution.orders.ticks import Increments, round_up
from execution.risk.verdict import Denied
from quanticity.domain.instruments import OptionContract
from quanticity.domain.orders import Bracket, Role, Ticket
from quanticity.domain.signals import Strategy

_PERCENT = Decimal(100)
_CANCEL_WITH_BLOCK = 1
_REDUCE_WITH_BLOCK = 2


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
class Pair:
    """One tranche's protection in one OCA group."""

    stop: Ticket
    target: Ticket


@dataclass(frozen=True, slots=True)
class Split:
    """How a filled position is protected: the attached pair amended, then stops, then targets."""

    attached: Pair
    pairs: tuple[Pair, ...]

    @property
    def in_order(self) -> tuple[Ticket, ...]:
        """The new orders as they are sent: every stop before any target."""
        return (*(p.stop for p in self.pairs), *(p.target for p in self.pairs))


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


def right_size(
    bracket: Bracket, filled: int, average: Decimal, increments: Increments, profile: stops.Profile
) -> Pair:
    """Amend both children to what was filled when the entry ended short of its quantity.

    The target becomes the last one for that quantity; the stop keeps its price.
    """
    last = tranches(filled, profile)[-1]
    price = target_price(average, last.target_pct, increments)
    return Pair(
        amended(bracket.stop, quantity=filled),
        amended(bracket.target, quantity=filled, limit=price),
    )


@dataclass(frozen=True, slots=True)
class Holding:
    """A filled position to be protected: its reference parts, generation, and stop in force."""

    env: str
    intent_id: str
    position_id: str
    generation: int
    contract: OptionContract
    quantity: int
    average: Decimal
    stop: Decimal


def split(
    attached: Pair, holding: Holding, increments: Increments, profile: stops.Profile
) -> Split | Denied:
    """Split a filled position: shrink the attached pair to the last tranche, add the others.

    `attached` is the right-sized pair that works now. Every sell is made against what is held
    less what the tranches before it claim, so the sum can never pass the position.
    """
    parts = tranches(holding.quantity, profile)
    last = parts[-1]
    claimed, pairs = last.quantity, []
    for number, part in enumerate(parts[:-1], start=1):
        cover = Cover(holding.quantity, claimed)
        pair = protect(holding, number, part, cover, increments)
        if isinstance(pair, Denied):
            return pair
        pairs.append(pair)
        claimed += part.quantity
    price = target_price(holding.average, last.target_pct, increments)
    shrunk = Pair(
        amended(attached.stop, quantity=last.quantity),
        amended(attached.target, quantity=last.quantity, limit=price),
    )
    return Split(shrunk, tuple(pairs))


def protect(
    holding: Holding, number: int, part: Tranche, cover: Cover, increments: Increments
) -> Pair | Denied:
    """One tranche's stop and target in OCA group `QC-{position}-{generation}-{number}`."""
    group = f"QC-{holding.position_id}-{holding.generation}-{number}"
    kind = _CANCEL_WITH_BLOCK if part.quantity == 1 else _REDUCE_WITH_BLOCK
    serial = holding.generation * 10 + number
    price = target_price(holding.average, part.target_pct, increments)
    stop = sell_to_close(
        order_ref(holding.env, holding.intent_id, Role.STOP, serial),
        holding.contract, part.quantity, cover,
        stop=holding.stop, oca_group=group, oca_type=kind,
    )  # fmt: skip
    target = sell_to_close(
        order_ref(holding.env, holding.intent_id, Role.TARGET, serial),
        holding.contract, part.quantity, cover,
        limit=price, oca_group=group, oca_type=kind,
    )  # fmt: skip
    if isinstance(stop, Denied):
        return stop
    return target if isinstance(target, Denied) else Pair(stop, target)


def _ref(entry: Entry, role: Role) -> str:
    return order_ref(entry.env, entry.intent_id, role, entry.n)
