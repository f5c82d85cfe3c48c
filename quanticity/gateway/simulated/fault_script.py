"""A script of faults: which, at what, the how-manieth time (pure).

A script is a JSON list of objects. `at` says what sets a fault off: `message` (a request arrives),
`order` (a new order arrives; the exchange has not seen it), `after_order` (the exchange has it,
the client has heard nothing), `revise`, `what_if`, `cancel`, `fill`, or `time`; `n` counts them,
`client` narrows them to one client id. For `time`, `time` is New York's wall clock (HH:MM:SS) or
an ISO instant, or `after_s` counts platform seconds from the start. `action` is one of Action;
`for_s` is how long it lasts (0: for good).
Around the list there may be an object with `what` happens and what `holds` afterwards.
"""

import json
from collections import Counter
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from quanticity.domain.clock import eastern
from quanticity.domain.errors import MalformedInput

SHIPPED = Path(__file__).parent / "scripts"


class At(StrEnum):
    """What sets a fault off."""

    MESSAGE = "message"
    ORDER = "order"
    AFTER_ORDER = "after_order"
    REVISE = "revise"
    WHAT_IF = "what_if"
    CANCEL = "cancel"
    FILL = "fill"
    TIME = "time"


class Action(StrEnum):
    """What goes wrong."""

    DROP = "drop"  # the client's socket is cut
    HALF_FRAME = "half_frame"  # cut in the middle of a message
    HALF_OPEN = "half_open"  # cut, and the client id stays taken for for_s: 326
    FALSE_LENGTH = "false_length"  # a length prefix that swallows all that follows
    STALL = "stall"  # nothing is read or written, the sockets stay open
    REFUSE = "refuse_for"  # every socket is cut and connections are refused: a restart
    OUTAGE = "outage"  # 1100, and after for_s the `code` 1102 (default) or 1101
    MUTE = "mute"  # market data stands still
    ERROR = "error"  # an error message with `code` and `text` to everybody
    REJECT = "reject"  # the order is refused with `code` (201) and `text`
    PARTIAL = "partial"  # the order fills no more than `quantity`
    NOTICE = "notice"  # an error with `code` and `text` about the order, which lives on
    LATE = "late"  # the request reaches the exchange for_s later
    UNSET_MARGIN = "unset_margin"  # the margin is first told as unset numbers
    TWIN = "twin"  # the revision becomes a second order beside the first
    FILL = "fill"  # the order fills before its cancellation arrives
    CANCEL = "cancel"  # the broker cancels working orders whose reference ends in `text`
    RACE = "race"  # the next fill of a group fills its other orders too
    SWALLOW = "swallow"  # the message is lost
    GARBAGE = "garbage"  # bytes that are no message
    DUPLICATE = "duplicate"  # the execution is told twice
    REORDER = "reorder"  # the commission is told before its execution
    STATUS_FIRST = "status_first"  # the status says Filled before the execution is told
    LATE_EXECUTION = "late_execution"  # told for_s later, after what follows it
    LATE_COMMISSION = "late_commission"  # told for_s later; for ever when 0
    COMMISSION = "commission"  # told as `price`: negative, a sentinel; in the currency `text`
    CORRECT = "correct"  # after for_s the execution is corrected to `price` and `quantity`
    BUST = "bust"  # after for_s the execution is corrected to nothing
    SKEW = "skew"  # the broker's clock is off by `seconds`
    DENY = "deny"  # market data of `symbol` (all when empty) is refused with `code` (354)
    FORGET = "forget_ids"  # the next valid order id begins at 1 again
    OMIT = "omit"  # messages with the id `code` are left out (53: the end of open orders)
    MANUAL = "manual"  # `quantity` (signed) of `symbol` by hand; with `price` it may rest
    CASH = "cash"  # `price` dollars are paid in, or out when negative
    TICK = "tick"  # one wrong price (`price`) of `symbol`; `text` size or greek: one of those
    PRINT = "print"  # one trade of `quantity` of `symbol` at `price` that never was
    SPREAD = "spread"  # quotes of `symbol` stand `price` apart: negative crossed, 0 locked
    SHUFFLE = "shuffle"  # market data comes newest first, and twice
    HALT = "halt"  # `symbol` does not trade; `code` 1 regulatory, 2 volatility (LULD)
    RESET_DEPTH = "reset_depth"  # books are emptied with error 317 and told anew
    DESCRIBE = "describe"  # options' details are told as `text`: mini, closed, coarse, twice
    JUMP = "jump"  # `symbol` moves by the fraction `frac` for the rest of the session


# What can only happen to something that has just arrived.
_ONLY: dict[Action, frozenset[At]] = {
    Action.REJECT: frozenset({At.ORDER, At.REVISE}),
    Action.NOTICE: frozenset({At.ORDER, At.REVISE}),
    Action.LATE: frozenset({At.ORDER, At.REVISE, At.CANCEL}),
    Action.PARTIAL: frozenset({At.ORDER}),
    Action.TWIN: frozenset({At.REVISE}),
    Action.UNSET_MARGIN: frozenset({At.WHAT_IF}),
    Action.FILL: frozenset({At.CANCEL}),
} | {
    action: frozenset({At.FILL})
    for action in (
        Action.DUPLICATE, Action.REORDER, Action.LATE_COMMISSION, Action.COMMISSION,
        Action.CORRECT, Action.BUST, Action.STATUS_FIRST, Action.LATE_EXECUTION,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of a script."""

    at: At
    action: Action
    n: int = 1
    client: int | None = None
    time: str = ""
    after_s: float | None = None
    for_s: float = 0.0
    code: int = 0
    text: str = ""
    quantity: int = 0
    price: str = ""
    seconds: float = 0.0
    symbol: str = ""
    frac: float = 0.0


class Script:
    """Counts what happens and says which faults fall due."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = faults
        self._seen: Counter[tuple[At, int | None]] = Counter()
        self._timed = [fault for fault in faults if fault.at is At.TIME]
        self._started: datetime | None = None

    def met(self, at: At, client: int) -> list[Fault]:
        """Count one more event; return the faults that this one sets off."""
        for key in ((at, None), (at, client)):
            self._seen[key] += 1
        return [
            fault
            for fault in self._faults
            if fault.at is at
            and fault.client in {None, client}
            and self._seen[at, fault.client] == fault.n
        ]

    def begin(self, now: datetime) -> None:
        """Count seconds from here, unless they are counted already."""
        self._started = self._started or now

    def passed(self, now: datetime) -> list[Fault]:
        """The timed faults that have fallen due since the last call."""
        due = [fault for fault in self._timed if now >= _due(fault, self._started or now)]
        self._timed = [fault for fault in self._timed if fault not in due]
        return due


def find(name: str) -> Path:
    """The file of a script: a path, or the name of one that comes with the exchange."""
    return SHIPPED / f"{name}.json" if name in shipped() else Path(name)


def shipped() -> list[str]:
    """Names of the scripts that come with the exchange."""
    return sorted(file.stem for file in SHIPPED.glob("*.json"))


def read(path: Path) -> Script:
    """Read a script; raise MalformedInput naming the line and what is wrong with it."""
    try:
        rows = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise MalformedInput(f"expected a JSON list of faults in {path}: {error}") from error
    rows = rows.get("faults") if isinstance(rows, dict) else rows
    if not isinstance(rows, list):
        raise MalformedInput(f"expected a JSON list of faults in {path}, was {type(rows).__name__}")
    return Script(tuple(_fault(row, place) for place, row in enumerate(rows, 1)))


def _fault(row: Any, place: int) -> Fault:
    if not isinstance(row, dict):
        raise MalformedInput(f"fault {place}: expected an object, was {row!r}")
    unknown = set(row) - {spec.name for spec in fields(Fault)}
    if unknown:
        raise MalformedInput(f"fault {place}: no such key, was {sorted(unknown)}")
    try:
        at, action = At(row["at"]), Action(row["action"])
    except (KeyError, ValueError) as error:
        raise MalformedInput(f"fault {place}: expected a known at and action: {error}") from error
    if at not in _ONLY.get(action, frozenset(At)):
        raise MalformedInput(f"fault {place}: expected {action} at its own event, was at {at}")
    return Fault(**{**row, "at": at, "action": action})


def _due(fault: Fault, started: datetime) -> datetime:
    if fault.after_s is not None:
        return started + timedelta(seconds=fault.after_s)
    if "T" in fault.time:
        return datetime.fromisoformat(fault.time)
    clock_time = datetime.strptime(fault.time, "%H:%M:%S").time()  # noqa: DTZ007 - a wall clock
    local = eastern(started)
    return datetime.combine(local.date(), clock_time, local.tzinfo)
