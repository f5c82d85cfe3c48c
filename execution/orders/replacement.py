"""The replace protocol of one tranche: target off, stop off, new stop on, new target on (6.7).

A value that takes one broker fact at a time and says what to do next; it is persisted before the
first message, so that a restart goes on where it was. The old stop protects until its end is
confirmed; from there to the new stop's acknowledgement is the gap, and it is measured. A stop that
is refused or unanswered is sent once more at its old price, then the tranche leaves by a
marketable limit. All of it stays in one OCA group, so nothing sent twice can sell twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from execution.orders.protection import Settings
from quanticity.domain.orders import Role


class Phase(StrEnum):
    """What is being waited for."""

    TARGET_OFF = "TARGET_OFF"
    STOP_OFF = "STOP_OFF"
    STOP_ON = "STOP_ON"
    STOP_BACK = "STOP_BACK"
    TARGET_ON = "TARGET_ON"
    EXIT = "EXIT"
    DONE = "DONE"


class Fact(StrEnum):
    """What became of an order; by its reference one knows the old generation from the new."""

    OLD_OFF = "OLD_OFF"
    NEW_ON = "NEW_ON"
    NEW_REFUSED = "NEW_REFUSED"
    FILLED = "FILLED"


class Act(StrEnum):
    """What to do next."""

    CANCEL_TARGET = "CANCEL_TARGET"
    CANCEL_STOP = "CANCEL_STOP"
    SEND_STOP = "SEND_STOP"
    SEND_TARGET = "SEND_TARGET"
    SEND_EXIT = "SEND_EXIT"
    ASK_BROKER = "ASK_BROKER"
    ALARM_HIGH = "ALARM_HIGH"
    ALARM_CRITICAL = "ALARM_CRITICAL"


@dataclass(frozen=True, slots=True)
class Replacement:
    """One replacement under way; `quantity` is what the tranche still holds."""

    phase: Phase
    quantity: int
    old_stop: Decimal
    new_stop: Decimal
    since: datetime
    gap_since: datetime | None = None
    naked_ms: int = 0

    @property
    def stop(self) -> Decimal:
        """The price at which SEND_STOP goes: the old one once the new one was refused."""
        return self.old_stop if self.phase is Phase.STOP_BACK else self.new_stop


@dataclass(frozen=True, slots=True)
class Step:
    """A replacement after one fact, and what to do now."""

    after: Replacement
    acts: tuple[Act, ...] = ()


def begin(quantity: int, old_stop: Decimal, new_stop: Decimal, at: datetime) -> Step:
    """Start: the target goes first. The new stop is never below the old one."""
    new = max(old_stop, new_stop)
    first = Replacement(Phase.TARGET_OFF, quantity, old_stop, new, at)
    return Step(first, (Act.CANCEL_TARGET,))


def hear(now: Replacement, role: Role, fact: Fact, at: datetime, holds: int | None = None) -> Step:
    """Take one fact about the tranche's stop, target or exit.

    `holds` is what the tranche still holds by its executions, None when that has not changed. A
    fact that is repeated, or that nobody waits for, changes nothing.
    """
    if now.phase is Phase.DONE:
        return Step(now)
    left = now if holds is None else replace(now, quantity=max(0, min(now.quantity, holds)))
    if left.quantity == 0:
        return Step(_to(left, Phase.DONE, at))
    phase, acts = _NEXT.get((now.phase, role, fact), (now.phase, ()))
    return Step(left if phase is now.phase else _to(left, phase, at), acts)


def wait(now: Replacement, at: datetime, settings: Settings) -> Step:
    """Let time pass: an unconfirmed cancel is asked about, an unanswered stop falls back."""
    waited = (at - now.since).total_seconds()
    if now.phase in {Phase.TARGET_OFF, Phase.STOP_OFF} and waited > settings.cancel_answer_s:
        # Nothing new is sent: the old order may well be alive.
        return Step(replace(now, since=at), (Act.ASK_BROKER,))
    if now.phase in {Phase.STOP_ON, Phase.STOP_BACK} and waited > settings.answer_s:
        return hear(now, Role.STOP, Fact.NEW_REFUSED, at)
    if now.phase is Phase.TARGET_ON and waited > settings.cancel_answer_s:
        return hear(now, Role.TARGET, Fact.NEW_REFUSED, at)
    return Step(now)


# The gap begins when the old stop is off, and ends with a working stop or nothing to protect.
def _to(now: Replacement, phase: Phase, at: datetime) -> Replacement:
    moved = replace(now, phase=phase, since=at)
    if phase is Phase.STOP_ON:
        return replace(moved, gap_since=at)
    if phase not in {Phase.TARGET_ON, Phase.DONE} or now.gap_since is None:
        return moved
    gap_ms = round((at - now.gap_since).total_seconds() * 1000)
    return replace(moved, gap_since=None, naked_ms=now.naked_ms + gap_ms)


_NEXT: Mapping[tuple[Phase, Role, Fact], tuple[Phase, tuple[Act, ...]]] = {
    (Phase.TARGET_OFF, Role.TARGET, Fact.OLD_OFF): (Phase.STOP_OFF, (Act.CANCEL_STOP,)),
    (Phase.STOP_OFF, Role.STOP, Fact.OLD_OFF): (Phase.STOP_ON, (Act.SEND_STOP,)),
    (Phase.STOP_ON, Role.STOP, Fact.NEW_ON): (Phase.TARGET_ON, (Act.SEND_TARGET,)),
    (Phase.STOP_ON, Role.STOP, Fact.NEW_REFUSED): (Phase.STOP_BACK, (Act.SEND_STOP,)),
    (Phase.STOP_BACK, Role.STOP, Fact.NEW_ON): (Phase.TARGET_ON, (Act.SEND_TARGET,)),
    (Phase.STOP_BACK, Role.STOP, Fact.NEW_REFUSED): (
        Phase.EXIT, (Act.SEND_EXIT, Act.ALARM_CRITICAL),
    ),
    (Phase.TARGET_ON, Role.TARGET, Fact.NEW_ON): (Phase.DONE, ()),
    (Phase.TARGET_ON, Role.TARGET, Fact.NEW_REFUSED): (Phase.DONE, (Act.ALARM_HIGH,)),
}  # fmt: skip
