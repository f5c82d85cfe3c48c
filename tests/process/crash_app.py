"""A gateway process that is killed at one step of one order's way: `crash_app.py STEP PORT`.

Which order it is stands in the file `doomed` of its place, written before the order is. A step of
`the second sending` is that step's second time.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
django.setup()

from ib_insync import IB  # noqa: E402

from execution.services import booking, broker, share_orders, ticking  # noqa: E402

DOOMED = Path(os.environ["QC_VAR"]) / "doomed"
Chooses = Callable[..., bool]


def doomed() -> str:
    """The reference of the entry to die at, "" before there is one."""
    return DOOMED.read_text() if DOOMED.exists() else ""


def is_claim(row: Any, *_: Any) -> bool:
    """A claim of the entry."""
    return bool(row.order_ref == doomed())


def is_taken(*_: Any, found: Any = (), **__: Any) -> bool:
    """A chain of the entry was taken."""
    return any(one.ticket.order_ref == doomed() for chain in found for one in chain)


def is_leg(role: str) -> Chooses:
    """The entry's leg of a role is sent."""
    return lambda _ib, _contract, order: order.orderRef == f"{doomed()[:-2]}{role}1"


def is_itself(ref: str, *_: Any, **__: Any) -> bool:
    """The order itself, by its reference."""
    return ref == doomed()


def is_sent_alone(_ib: Any, _contract: Any, order: Any) -> bool:
    """The order is sent, a chain of one."""
    return bool(order.orderRef == doomed())


def is_told(fact: Any) -> bool:
    """The broker speaks of the entry."""
    return bool(fact.order_ref == doomed()) and getattr(fact, "status", "") != "PENDING"


def is_booked(intent_id: str) -> bool:
    """The entry's intent is booked while it holds something."""
    return bool(doomed()) and intent_id in doomed()


STEPS: dict[str, tuple[Any, str, Chooses, str]] = {
    "before the claim": (broker, "_claim", is_claim, "before"),
    "after the claim": (broker, "take_submissions", is_taken, "found"),
    "before the parent": (IB, "placeOrder", is_leg("E"), "before"),
    "after the parent": (IB, "placeOrder", is_leg("E"), "after"),
    "between the children": (IB, "placeOrder", is_leg("T"), "after"),
    "after the last child": (IB, "placeOrder", is_leg("S"), "after"),
    "before the acknowledgement is kept": (broker, "record_order", is_told, "before"),
    "after the acknowledgement is kept": (broker, "record_order", is_told, "after"),
    "before the fill is kept": (broker, "record_fill", is_told, "before"),
    "after the fill is kept": (broker, "record_fill", is_told, "after"),
    "after the booking": (booking, "book", is_booked, "after"),
    "before another tick is kept": (ticking, "send_again", is_itself, "before"),
    "after another tick is kept": (ticking, "send_again", is_itself, "after"),
    "after the claim of the second sending": (broker, "take_submissions", is_taken, "found"),
    "after the parent of the second sending": (IB, "placeOrder", is_leg("E"), "after"),
    "after the last child of the second sending": (IB, "placeOrder", is_leg("S"), "after"),
    "before the word on the second sending is kept": (broker, "record_order", is_told, "before"),
    "before the claim of shares": (share_orders, "take", is_itself, "before"),
    "after the claim of shares": (share_orders, "take", is_itself, "after"),
    "before the order in shares": (IB, "placeOrder", is_sent_alone, "before"),
    "after the order in shares": (IB, "placeOrder", is_sent_alone, "after"),
    "before the word on shares is kept": (share_orders, "record", is_told, "before"),
    "after the word on shares is kept": (share_orders, "record", is_told, "after"),
}


def arm(step: str) -> None:
    """Lay the charge."""
    place, name, chooses, when = STEPS[step]
    work, spared = getattr(place, name), 1 if step.endswith("the second sending") else 0

    def is_due(*args: Any, **kwargs: Any) -> bool:
        nonlocal spared
        chosen = chooses(*args, **kwargs)
        spared -= chosen
        return chosen and spared < 0

    @functools.wraps(work)
    def walk(*args: Any, **kwargs: Any) -> Any:
        if when == "before" and is_due(*args, **kwargs):
            die()
        found = work(*args, **kwargs)
        beside = {"found": found} if when == "found" else {}
        if when != "before" and is_due(*args, **kwargs, **beside):
            die()
        return found

    setattr(place, name, walk)


def die() -> None:
    """No handler, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    arm(sys.argv[1])
    call_command("run_gateway", "--port", sys.argv[2])
