"""Replacing a stop while anything else happens: thousands of interleavings against the exchange.

The pure protocol drives the pure exchange through two queues that delay, repeat and reorder. Stop
and target fill in parts at any moment, cancellations lose races, new orders are refused. What is
shown is the protocol and the exchange's groups; the rows around them have tests of their own.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from execution.orders import protection, replacement
from execution.orders.replacement import Act, Fact, Phase
from quanticity.config.loader import section
from quanticity.domain.orders import Role

AT = datetime(2025, 11, 21, 15, 4, 5, tzinfo=UTC)
SETTINGS = section("execution.protection", protection.Settings)
LOW, HIGH = Decimal("1.00"), Decimal("1.50")
INTERLEAVINGS = 5_000


@dataclass
class Sell:
    """An order of the one group at the broker; type 2: a fill reduces the others."""

    role: Role
    serial: int
    quantity: int
    filled: int = 0
    alive: bool = True
    refused: bool = False


@dataclass
class World:
    """A broker that holds contracts, and a client that replaces their pair."""

    dice: random.Random
    held: int
    orders: list[Sell] = field(default_factory=list)
    heard: dict[int, tuple[bool, bool]] = field(default_factory=dict)
    sold_heard: int = 0
    to_broker: list[Callable[[], None]] = field(default_factory=list)
    to_client: list[Callable[[], None]] = field(default_factory=list)
    now: datetime = AT
    least: int = 0

    def __post_init__(self) -> None:
        self.began = self.held
        self.least = self.held
        self.old = [self.add(Role.STOP, self.held), self.add(Role.TARGET, self.held)]
        self.new: dict[Role, Sell] = {}
        self.state = replacement.begin(self.held, LOW, HIGH, self.now)
        self.acts = list(self.state.acts)
        self.rows = self.state.after
        self.is_out = False

    # --- the broker ------------------------------------------------------------------------------
    def add(self, role: Role, quantity: int, *, is_bad: bool = False) -> Sell:
        """Take an order into the group, or refuse it: as it is, or for selling too much."""
        order = Sell(role, len(self.orders), quantity)
        order.refused = is_bad or quantity > self.held
        order.alive = not order.refused
        self.orders.append(order)
        self.tell(order)
        return order

    def fill(self, order: Sell, quantity: int) -> None:
        """Execute a part; the group reduces with block."""
        size = min(quantity, order.quantity - order.filled, self.held)
        if not order.alive or size <= 0:
            return
        order.filled += size
        self.held -= size
        self.least = min(self.least, self.held)
        order.alive = order.filled < order.quantity
        for other in self.orders:
            if other is not order and other.alive:
                other.quantity -= size
                other.alive = other.quantity > other.filled
                self.tell(other)
        self.to_client.append(lambda: self.hear_sale(size))
        self.tell(order)

    def end(self, order: Sell) -> None:
        """Take an order off; one that is over stays as it ended."""
        order.alive = False
        self.tell(order)

    def tell(self, order: Sell) -> None:
        said = (order.alive, order.refused)
        self.to_client.append(lambda: self.hear(order, said))

    # --- the client ------------------------------------------------------------------------------
    def hear(self, order: Sell, said: tuple[bool, bool]) -> None:
        """The broker's word; that an order is over is final, whatever is heard later."""
        if self.heard.get(order.serial, (True, False))[0]:
            self.heard[order.serial] = said

    def hear_sale(self, size: int) -> None:
        self.sold_heard += size

    def is_off(self, orders: list[Sell]) -> bool:
        return all(not self.heard.get(o.serial, (True, False))[0] for o in orders)

    def look(self) -> None:
        """What the rows say now, to the protocol; then what it asks for."""
        before = None
        while before != self.rows and self.rows.phase not in (Phase.DONE, Phase.EXIT):
            before = self.rows
            fact = self.fact()
            if fact is not None:
                self.follow(
                    replacement.hear(self.rows, *fact, self.now, self.began - self.sold_heard)
                )
        if self.rows.phase not in (Phase.DONE, Phase.EXIT):
            self.follow(replacement.wait(self.rows, self.now, SETTINGS))

    def fact(self) -> tuple[Role, Fact] | None:
        """The fact that the phase waits for, when it is there and every sale has been heard."""
        phase = self.rows.phase
        role = (
            Role.STOP if phase in (Phase.STOP_OFF, Phase.STOP_ON, Phase.STOP_BACK) else Role.TARGET
        )
        if phase in (Phase.TARGET_OFF, Phase.STOP_OFF):
            old = [o for o in self.old if o.role is role]
            done = self.is_off(old) and self.sold_heard >= sum(o.filled for o in old)
            return (role, Fact.OLD_OFF) if done else None
        order = self.new.get(role)
        if order is None or order.serial not in self.heard:
            return None
        alive, refused = self.heard[order.serial]
        if refused:
            return role, Fact.NEW_REFUSED
        return role, Fact.NEW_ON if alive else Fact.FILLED

    def follow(self, step: replacement.Step) -> None:
        self.rows = step.after
        for act in step.acts:
            self.act(act)

    def act(self, act: Act) -> None:
        """Send what the protocol asks for; it arrives when the queue says."""
        match act:
            case Act.CANCEL_TARGET | Act.CANCEL_STOP:
                role = Role.TARGET if act is Act.CANCEL_TARGET else Role.STOP
                for order in [o for o in self.old if o.role is role]:
                    self.to_broker.append(lambda order=order: self.end(order))
            case Act.SEND_STOP | Act.SEND_TARGET:
                role = Role.STOP if act is Act.SEND_STOP else Role.TARGET
                self.new.pop(role, None)
                size = self.rows.quantity
                self.to_broker.append(lambda: self.arrive(role, size))
            case Act.SEND_EXIT:
                self.is_out = True
            case _:
                pass

    def arrive(self, role: Role, quantity: int) -> None:
        self.new[role] = self.add(role, quantity, is_bad=self.dice.random() < 0.15)

    # --- chance ----------------------------------------------------------------------------------
    def happen(self) -> None:
        """One thing, somewhere."""
        roll = self.dice.random()
        if roll < 0.08:
            self.fill(self.dice.choice(self.orders), self.dice.randint(1, 3))
        elif roll < 0.45 and self.to_broker:
            self.to_broker.pop(0)()
        elif self.to_client:
            place = self.dice.randrange(min(3, len(self.to_client)))
            said = self.to_client.pop(place)
            said()
            if self.dice.random() < 0.2:
                said_again = self.dice.choice([self.look, lambda: None])
                said_again()
        else:
            self.now += timedelta(seconds=self.dice.choice([0.05, 0.4]))
        self.look()


def run(seed: int) -> World:
    """One interleaving, until nothing is under way."""
    dice = random.Random(seed)
    world = World(dice, dice.randint(1, 6))
    for act in world.acts:
        world.act(act)
    for _ in range(400):
        world.happen()
        quiet = not world.to_broker and not world.to_client
        if world.rows.phase in (Phase.DONE, Phase.EXIT) and quiet:
            break
    return world


@pytest.mark.parametrize("block", range(10))
def test_no_interleaving_sells_short_or_ends_without_a_stop(block: int) -> None:
    per_block = INTERLEAVINGS // 10
    worlds = [run(seed) for seed in range(block * per_block, (block + 1) * per_block)]

    assert min(world.least for world in worlds) >= 0
    assert {world.rows.phase for world in worlds} <= {Phase.DONE, Phase.EXIT}
    bare = [w for w in worlds if w.rows.phase is Phase.DONE and w.held and not protected(w)]
    assert bare == []


def protected(world: World) -> bool:
    """Whether the working stops could sell at least what is held."""
    stops = [o for o in world.orders if o.alive and o.role is Role.STOP]
    return sum(o.quantity - o.filled for o in stops) >= world.held
