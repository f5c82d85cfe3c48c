"""A gateway process that is killed at one step of one order's way: `crash_app.py STEP PORT`.

Which order it is stands in the file `doomed` of its place, written before the order is. A step that
names a second time is spared once.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
django.setup()

from ib_insync import IB, Client  # noqa: E402

from execution.models import Order, Position  # noqa: E402
from execution.services import (  # noqa: E402
    booking,
    broker,
    leaving,
    managing,
    replacing,
    share_orders,
    ticking,
    tranching,
)

DOOMED = Path(os.environ["QC_VAR"]) / "doomed"
Chooses = Callable[..., bool]


class Step(NamedTuple):
    """Where the charge lies: at a function's begin or end, for calls that are chosen."""

    place: Any
    name: str
    chooses: Chooses
    when: str
    spared: int = 0


def doomed() -> str:
    """The reference of the entry to die at, "" before there is one."""
    return DOOMED.read_text() if DOOMED.exists() else ""


def is_mine(ref: str, role: str, *, attached: bool | None = None) -> bool:
    """An order of the doomed trade in a role: the one that came with the entry, or a later one."""
    stem = f"{doomed()[:-2]}{role}"
    told = bool(doomed()) and ref.startswith(stem)
    return told and (attached is None or (ref == f"{stem}1") is attached)


def is_claim(row: Any, *_: Any) -> bool:
    """A claim of the entry."""
    return bool(row.order_ref == doomed())


def is_taken(role: str, *, attached: bool) -> Chooses:
    """A chain with an order of a role was claimed."""
    return lambda *_, found=(), **__: any(
        is_mine(one.ticket.order_ref, role, attached=attached) for chain in found for one in chain
    )


def is_amended(*_: Any, found: Any = (), **__: Any) -> bool:
    """An amendment of the attached pair was claimed."""
    return any(is_mine(one.ticket.order_ref, role) for one in found for role in "TS")


def is_called_back(*_: Any, found: Any = (), **__: Any) -> bool:
    """The cancellation of one of its sells was claimed."""
    return any(is_mine(ref, role) for ref, _ in found for role in "TS")


def is_leg(role: str, *, attached: bool = True) -> Chooses:
    """The order of a role is sent."""
    return lambda _ib, _contract, order: is_mine(order.orderRef, role, attached=attached)


def is_itself(ref: str, *_: Any, **__: Any) -> bool:
    """The order itself, by its reference."""
    return ref == doomed()


def is_sent_alone(_ib: Any, _contract: Any, order: Any) -> bool:
    """The order is sent, a chain of one."""
    return bool(order.orderRef == doomed())


def is_told(fact: Any) -> bool:
    """The broker speaks of the entry."""
    return bool(fact.order_ref == doomed()) and getattr(fact, "status", "") != "PENDING"


def is_told_of(role: str, status: str = "", *, attached: bool | None = None) -> Chooses:
    """The broker speaks of a sell, or says that it is as named."""
    return lambda fact: (
        is_mine(fact.order_ref, role, attached=attached)
        and getattr(fact, "status", "") != "PENDING"
        and (not status or fact.status == status)
    )


def is_booked(intent_id: str) -> bool:
    """The entry's intent is booked while it holds something."""
    return bool(doomed()) and intent_id in doomed()


def is_sold_out(intent_id: str) -> bool:
    """Its intent is booked, and nothing is held any more."""
    return is_booked(intent_id) and Position.objects.filter(
        intent_id=intent_id, quantity_total__gt=0, quantity_open=0
    ).exists()  # fmt: skip


def is_planned(position: Any, *_: Any, **__: Any) -> bool:
    """The parts of its position are planned."""
    return is_booked(position.intent_id)


def is_recorded(role: str) -> Chooses:
    """A part's order of a role is recorded."""
    return lambda row, what: is_booked(row.position.intent_id) and what == role


def is_sold(position: Any, *_: Any, **__: Any) -> bool:
    """The order that leaves is recorded."""
    return Order.objects.filter(intent=position.intent_id, role="X").exists() and is_booked(
        position.intent_id
    )


def is_any(*_: Any, **__: Any) -> bool:
    """Whatever it is, once the doomed trade stands still and something is wanted of it."""
    return bool(doomed())


STEPS: dict[str, Step] = {
    "before the claim": Step(broker, "_claim", is_claim, "before"),
    "after the claim": Step(broker, "take_submissions", is_taken("E", attached=True), "found"),
    "before the parent": Step(IB, "placeOrder", is_leg("E"), "before"),
    "after the parent": Step(IB, "placeOrder", is_leg("E"), "after"),
    "between the children": Step(IB, "placeOrder", is_leg("T"), "after"),
    "after the last child": Step(IB, "placeOrder", is_leg("S"), "after"),
    "before the acknowledgement is kept": Step(broker, "record_order", is_told, "before"),
    "after the acknowledgement is kept": Step(broker, "record_order", is_told, "after"),
    "before the fill is kept": Step(broker, "record_fill", is_told, "before"),
    "after the fill is kept": Step(broker, "record_fill", is_told, "after"),
    "after the booking": Step(booking, "book", is_booked, "after"),
    # An entry that the broker refuses for its tick, and that is sent once more.
    "before another tick is kept": Step(ticking, "send_again", is_itself, "before"),
    "after another tick is kept": Step(ticking, "send_again", is_itself, "after"),
    "after the second claim": Step(
        broker, "take_submissions", is_taken("E", attached=True), "found", 1
    ),
    "after the second parent": Step(IB, "placeOrder", is_leg("E"), "after", 1),
    "after the second last child": Step(IB, "placeOrder", is_leg("S"), "after", 1),
    "before the word on the second is kept": Step(broker, "record_order", is_told, "before"),
    # Shares of an exercise.
    "before the claim of shares": Step(share_orders, "take", is_itself, "before"),
    "after the claim of shares": Step(share_orders, "take", is_itself, "after"),
    "before the order in shares": Step(IB, "placeOrder", is_sent_alone, "before"),
    "after the order in shares": Step(IB, "placeOrder", is_sent_alone, "after"),
    "before the word on shares is kept": Step(share_orders, "record", is_told, "before"),
    "after the word on shares is kept": Step(share_orders, "record", is_told, "after"),
    # A position is divided into parts.
    "before the parts are planned": Step(tranching, "plan", is_planned, "before"),
    "after the parts are planned": Step(tranching, "plan", is_planned, "after"),
    "after an amendment is claimed": Step(broker, "take_amendments", is_amended, "found"),
    "after the target is amended": Step(IB, "placeOrder", is_leg("T"), "after", 1),
    "after the stop is amended": Step(IB, "placeOrder", is_leg("S"), "after", 1),
    "after a part's stop is recorded": Step(replacing, "_send", is_recorded("S"), "after"),
    "after a part's stop is claimed": Step(
        broker, "take_submissions", is_taken("S", attached=False), "found"
    ),
    "after a part's stop is sent": Step(IB, "placeOrder", is_leg("S", attached=False), "after"),
    "before the word on a part's stop is kept": Step(
        broker, "record_order", is_told_of("S", attached=False), "before"
    ),
    "after a part's target is recorded": Step(replacing, "_send", is_recorded("T"), "after"),
    "after a part's target is sent": Step(IB, "placeOrder", is_leg("T", attached=False), "after"),
    # A stop follows its peak.
    "after a replacement is begun": Step(replacing, "begin", is_planned, "after"),
    "after a cancellation is claimed": Step(broker, "take_cancels", is_called_back, "found"),
    "after a cancellation is sent": Step(Client, "cancelOrder", is_any, "after"),
    "before the target's end is kept": Step(
        broker, "record_order", is_told_of("T", "CANCELLED"), "before"
    ),
    "before the stop's end is kept": Step(
        broker, "record_order", is_told_of("S", "CANCELLED"), "before"
    ),
    "after the stop's end is kept": Step(
        broker, "record_order", is_told_of("S", "CANCELLED"), "after"
    ),
    # A position leaves.
    "after an exit is begun": Step(managing, "begin_exit", is_any, "after"),
    "after the exit is recorded": Step(leaving, "sell", is_sold, "after"),
    "after the exit is claimed": Step(
        broker, "take_submissions", is_taken("X", attached=True), "found"
    ),
    "after the exit is sent": Step(IB, "placeOrder", is_leg("X"), "after"),
    "before the word on the exit is kept": Step(broker, "record_order", is_told_of("X"), "before"),
    "before the sale is kept": Step(broker, "record_fill", is_told_of("X"), "before"),
    "after the sale is kept": Step(broker, "record_fill", is_told_of("X"), "after"),
    "after the sale is booked": Step(booking, "book", is_sold_out, "after"),
}


def arm(step: Step) -> None:
    """Lay the charge."""
    work, spared = getattr(step.place, step.name), step.spared

    def is_due(*args: Any, **kwargs: Any) -> bool:
        nonlocal spared
        chosen = step.chooses(*args, **kwargs)
        spared -= chosen
        return chosen and spared < 0

    @functools.wraps(work)
    def walk(*args: Any, **kwargs: Any) -> Any:
        if step.when == "before" and is_due(*args, **kwargs):
            die()
        found = work(*args, **kwargs)
        beside = {"found": found} if step.when == "found" else {}
        if step.when != "before" and is_due(*args, **kwargs, **beside):
            die()
        return found

    setattr(step.place, step.name, walk)


def die() -> None:
    """No handler, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    arm(STEPS[sys.argv[1]])
    call_command("run_gateway", "--port", sys.argv[2])
