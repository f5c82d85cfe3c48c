"""One trade, while everything else happens: the services on real rows against a model broker.

A seed decides what happens in which order: fills in parts, refusals, words that come late, twice
or overtaken, a link that goes, a process that dies at any SQL statement, an operator who closes
or halts. Then it grows quiet, the trade is closed, and both books are laid side by side.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import connection

from execution.models import BracketReplace, Fill, Order, OrderIntent, Position
from execution.services import (
    booking,
    broker,
    managing,
    operating,
    protecting,
    reconciling,
    walking,
)
from quanticity.domain.clock import ReplayedClock
from quanticity.domain.orders import ExitReason, OrderStatus, Role
from quanticity.management.gateway.scribe import write_facts
from quanticity.store import market
from tests import factories
from tests.workflows.model_broker import ModelBroker, Refusal

QUIET_ROUNDS = 80
_MOVING = ("RECORDED", "SENDING", "UNKNOWN")
_OVER = ("CLOSED", "SETTLED")


class Death(BaseException):
    """The process is gone; nothing in it may catch this."""


@contextmanager
def dies_at(statement: int) -> Iterator[None]:
    """Die before the so-many-eth SQL statement."""
    left = [statement]

    def execute(run: Callable[..., Any], *args: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Death
        return run(*args)

    with connection.execute_wrapper(execute):
        yield


class Storm:
    """The platform's turns and the broker's moves, in an order that the dice decide."""

    def __init__(self, seed: int, at: ReplayedClock) -> None:
        self.dice, self.at = random.Random(seed), at
        self.quantity = self.dice.choice((1, 2, 3, 3, 4, 6, 9))
        self.broker = ModelBroker(self.dice, at.advance)
        self.happened: list[str] = []
        self.seen: Counter[str] = Counter()
        self.naked_s = 0.0
        self.is_linked, self.is_reconciled = True, True
        self.bid = Decimal("1.99")
        self.quote()
        self.intent = factories.intent(
            1, self.quantity, arrival_mid=Decimal("2.00"), signal_changes={"state": "ended"}
        )

    # --- turns of the platform -------------------------------------------------------------------
    def hear(self) -> None:
        """Write what was told and book what is held: late, overtaken and twice."""
        facts: list[Any] = []
        for _ in range(self.dice.randint(1, 4)):
            queue = self.broker.to_client
            if not queue or not self.is_linked:
                break
            place = self.dice.randrange(min(3, len(queue)))
            fact = queue[place]
            del queue[place]
            facts += [fact] * self.dice.choice((1, 1, 1, 2))
        self.write(facts)

    def write(self, facts: list[Any]) -> None:
        """What the scribe does."""
        for one in facts:
            if isinstance(one, Refusal):
                broker.refuse_amendment(one.order_ref, "refused")
        booking.book_held(write_facts([one for one in facts if not isinstance(one, Refusal)]))

    def dispatch(self) -> None:
        """What the dispatcher does: cancels, amendments, new orders, then the protocol goes on."""
        if not (self.is_linked and self.is_reconciled):
            return
        queue = self.broker.to_broker
        broker.take_back_unsent_cancels()
        queue.extend(("cancel", ref) for ref, _ in broker.take_cancels(1))
        queue.extend(("amend", one.ticket) for one in broker.take_amendments(1))
        for chain in broker.take_submissions(1, 1, listed=broker.Listed(factories.CON_ID)):
            queue.append(("chain", [(one.order_id, one.ticket) for one in chain]))
        protecting.tend_moving()

    def manage(self) -> None:
        """What the worker does every second or two."""
        self.quote()
        walking.manage_entries()
        managing.manage_positions()
        booking.book_owed()

    def compare(self) -> None:
        """Ask for everything; what was told meanwhile is written first."""
        if not self.is_linked:
            return
        facts = self.broker.snapshot(self.meanwhile)
        if self.dice.random() < 0.2:
            self.dispatch()
        told = list(self.broker.to_client)
        self.broker.to_client.clear()
        self.write(told)
        reconciling.reconcile(facts)
        self.is_reconciled = True

    def meanwhile(self) -> None:
        """Something, while the broker answers."""
        if self.dice.random() < 0.3:
            self.dice.choice((self.arrive, self.trade))()

    def restart(self) -> None:
        """Come back with nothing in memory."""
        self.lose_link()
        broker.doubt_unanswered()
        self.find_link()

    # --- moves of the world ----------------------------------------------------------------------
    def arrive(self) -> None:
        """The broker gets the next message."""
        if self.broker.to_broker:
            self.broker.arrive()

    def trade(self) -> None:
        """Some working order fills, in part or whole."""
        working = [o for o in self.broker.working() if self.broker.executable(o)]
        if working:
            order = self.dice.choice(working)
            self.broker.fill(order, self.dice.choice((1, 1, 2, 9)))

    def buy(self) -> None:
        """The entry fills."""
        for order in [o for o in self.broker.working() if not o.is_sell]:
            self.broker.fill(order, self.dice.choice((1, 2, 9, 9)))

    def take_off(self) -> None:
        """The broker ends an order by itself."""
        working = list(self.broker.working())
        if working:
            self.broker.end(self.dice.choice(working), OrderStatus.CANCELLED)

    def correct(self) -> None:
        """An execution is corrected."""
        if self.broker.fills:
            self.broker.correct(self.dice.choice(self.broker.fills))

    def lose_link(self) -> None:
        """The socket goes: the first of what was on its way arrived, nothing is heard."""
        self.is_linked = self.is_reconciled = False
        for _ in range(self.dice.randint(0, len(self.broker.to_broker))):
            self.broker.arrive()
        lost = [m for m in self.broker.to_broker if m[0] == "chain"]
        self.broker.to_broker.clear()
        self.broker.to_client.clear()
        for _, chain in lost:
            broker.doubt([ticket.order_ref for _, ticket in chain], "the link went")

    def find_link(self) -> None:
        """The socket is back: books are compared before anything is sent."""
        if not self.is_linked:
            self.is_linked = True
            self.compare()

    def pass_time(self) -> None:
        """Some platform time."""
        self.advance(self.dice.choice((0.05, 0.3, 1.1, 2.5)))

    def advance(self, seconds: float) -> None:
        """Let time pass, and count what is held without a stop."""
        if self.broker.stopped < self.broker.held:
            self.naked_s += seconds
        self.at.advance(seconds)

    def move(self) -> None:
        """The market moves."""
        step = Decimal(self.dice.choice((-10, -3, 5, 15, 40))) / 100
        self.bid = max(Decimal("0.60"), min(Decimal("5.00"), self.bid + step))
        self.quote()

    def quote(self) -> None:
        """Put the contract's market into the store."""
        bid = float(self.bid)
        market.write_contract_quotes([factories.quote(factories.OCC, bid, bid + 0.02)])

    # --- operators -------------------------------------------------------------------------------
    def close(self) -> None:
        """An operator closes."""
        for position in Position.objects.filter(quantity_open__gt=0):
            managing.begin_exit(position.pk, ExitReason.MANUAL)

    def halt(self) -> None:
        """An operator halts."""
        operating.halt(actor="storm", reason="storm")

    def part(self) -> None:
        """Half is to leave, as before a night."""
        for position in Position.objects.filter(state__in=("OPEN", "REDUCING")):
            managing._part_with(position, position.quantity_open // 2)

    def refuse(self) -> None:
        """The broker turns moody, or is itself again."""
        self.broker.refusal_odds = self.dice.choice((0.0, 0.0, 0.3))

    # --- the storm -------------------------------------------------------------------------------
    MIX = (
        ("hear", 24), ("arrive", 22), ("dispatch", 16), ("manage", 9), ("pass_time", 10),
        ("trade", 5), ("buy", 4), ("move", 3), ("compare", 2), ("lose_link", 1), ("find_link", 3),
        ("take_off", 1), ("correct", 1), ("close", 0.5), ("halt", 0.3), ("part", 0.5),
        ("refuse", 1.5),
    )  # fmt: skip
    MORTAL = frozenset({"hear", "dispatch", "manage", "compare", "close", "part", "find_link"})

    def run(self) -> list[str]:
        """One interleaving from the committed intent to flat books; what was wrong with it."""
        names, weights = zip(*self.MIX, strict=True)
        for name in self.dice.choices(names, weights, k=self.dice.randint(20, 60)):
            self.happen(name)
        self.broker.refusal_odds = 0.0
        found = self.calm("after the storm")
        self.close()
        found += self.calm("after the close", sells=True)
        return [*found, *self.broker.faults, *self.compare_books()]

    def happen(self, name: str) -> None:
        """Do one thing; now and then its process dies on the way."""
        self.happened.append(name)
        self.seen[name] += 1
        if name not in self.MORTAL or self.dice.random() > 0.06:
            getattr(self, name)()
            return
        try:
            with dies_at(self.dice.randint(1, 40)):
                getattr(self, name)()
        except Death:
            self.happened.append("DEATH")
            self.seen["death"] += 1
            self.restart()

    def calm(self, when: str, *, sells: bool = False) -> list[str]:
        """Everything arrives and is heard until nothing moves any more."""
        for _ in range(QUIET_ROUNDS):
            self.find_link()
            self.settle(sells=sells)
            if self.is_quiet(sells=sells):
                return []
            self.advance(1.1)
            self.quote()
        return [f"no rest {when}"]

    def settle(self, *, sells: bool) -> None:
        """A whole turn of everybody."""
        for order in [o for o in self.broker.working() if sells and o.ticket.role == Role.EXIT]:
            self.broker.fill(order, 99)
        self.manage()
        if self.dice.random() < 0.3 or reconciling.has_doubts():
            self.compare()
        for _ in range(4):
            self.dispatch()
            while self.broker.to_broker:
                self.broker.arrive()
            if not self.broker.to_client:
                break
            told = list(self.broker.to_client)
            self.broker.to_client.clear()
            self.write(told)

    def is_quiet(self, *, sells: bool) -> bool:
        """Nothing is owed, and what is held is protected or on its way out."""
        wished = Order.objects.filter(state="WORKING", cancel_wanted_at__isnull=False)
        return not (
            self.broker.to_broker
            or self.broker.to_client
            or reconciling.has_doubts()
            or Order.objects.filter(state__in=_MOVING).exists()
            or wished.exists()
            or BracketReplace.objects.filter(ended_at=None).exists()
            or self.broker.exposed > self.broker.held
        ) and self.is_safe(sells=sells)

    def is_safe(self, *, sells: bool) -> bool:
        """The entry is over, and what is held is under stops of its size or being sold."""
        entry = Order.objects.get(role=Role.ENTRY)
        position = Position.objects.first()
        if entry.state in ("WORKING", *_MOVING):
            return False
        if position is None or position.state in _OVER:
            return not self.broker.held
        exits = [o for o in self.broker.working() if o.ticket.role == Role.EXIT]
        leaves = position.state == "CLOSING" and bool(exits)
        sold = sum(
            self.broker.executable(o) for o in exits
        )  # a part may leave while the rest stays
        return not sells and (leaves or self.broker.stopped + sold == self.broker.held)

    def compare_books(self) -> list[str]:
        """What differs between our rows and the broker's books."""
        found = []
        latest = {f.exec_id: (f.quantity, f.price) for f in self.broker.fills}
        ours = {f.pk: (f.quantity, f.price) for f in Fill.objects.filter(pk__in=latest)}
        if ours != latest:
            found.append(f"executions differ: {ours} {latest}")
        mine = set(Order.objects.filter(state="WORKING").values_list("pk", flat=True))
        theirs = {order.ref for order in self.broker.working()}
        if mine != theirs:
            found.append(f"orders differ: {mine ^ theirs}")
        bought = sum(f.quantity for f in self.broker.fills if f.quantity > 0)
        if bought > self.quantity:
            found.append(f"bought {bought} instead of {self.quantity}")
        position = Position.objects.first()
        if position is None:
            return [*found, *(["a fill without a position"] if self.broker.fills else [])]
        if position.state not in _OVER or position.quantity_open != self.broker.held:
            found.append(f"{position.state} {position.quantity_open} against {self.broker.held}")
        if position.realised_net_usd != self.broker.cash:
            found.append(f"made {position.realised_net_usd} against {self.broker.cash}")
        if self.naked_s > 3.0 and not position.naked_ms:
            found.append(f"{self.naked_s:.1f} s naked and none counted")
        if OrderIntent.objects.get().state in ("UNKNOWN", "SUBMITTING", "CANCEL_PENDING"):
            found.append(f"the intent is {OrderIntent.objects.get().state}")
        return found

    def story(self) -> str:
        """What happened, and both sides, to read when something is wrong."""
        ours = [
            f"{o.pk[-4:]} {o.side} {o.filled}/{o.quantity} {o.state} tranche {o.tranche} {o.error}"
            for o in Order.objects.order_by("recorded_at", "pk")
        ]
        theirs = [
            f"{o.ref[-4:]} {o.filled}/{o.quantity} {o.status} {o.group[-12:]}"
            for o in self.broker.orders.values()
        ]
        held = [
            f"{p.pk} {p.state} {p.quantity_open} {p.exit_wanted}" for p in Position.objects.all()
        ]
        return "\n".join([" ".join(self.happened), *held, "ours:", *ours, "theirs:", *theirs])
