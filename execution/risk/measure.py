"""How a rule is told: a code and a comparison that fails closed.

Every comparison answers (value, threshold, passed). A value that is missing or not finite never
passes: `nan > limit` is false, and so would be a gate written the other way round.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from execution.risk.facts import Facts, Proposal, Settings
from execution.risk.verdict import Denied
from quanticity.domain.signals import Gate

Number = Decimal | float | int


@dataclass(frozen=True, slots=True)
class Measure:
    """What a rule saw, what it wanted, and whether that is so."""

    value: Any
    threshold: Any
    passed: bool


Look = Callable[[Proposal, Facts, Settings], Measure]


@dataclass(frozen=True, slots=True)
class Rule:
    """One pre-trade check; calling it gives None or the denial, `gate` gives its record."""

    code: str
    look: Look

    def __call__(self, proposal: Proposal, facts: Facts, limits: Settings) -> Denied | None:
        """Say no with the numbers, or nothing."""
        seen = self.look(proposal, facts, limits)
        return None if seen.passed else Denied(self.code, seen.value, seen.threshold)

    def gate(self, proposal: Proposal, facts: Facts, limits: Settings) -> Gate:
        """Write down what was seen, whether it passed or not."""
        seen = self.look(proposal, facts, limits)
        return Gate(self.code, seen.value, seen.threshold, seen.passed)


def rule(code: str) -> Callable[[Look], Rule]:
    """Make a rule of a function."""
    return lambda look: Rule(code, look)


def at_most(value: Number | None, limit: Number | None) -> Measure:
    """Pass when both are known and value <= limit."""
    known = _is_known(value) and _is_known(limit)
    return Measure(value, limit, known and _exact(value) <= _exact(limit))


def at_least(value: Number | None, limit: Number | None) -> Measure:
    """Pass when both are known and value >= limit."""
    known = _is_known(value) and _is_known(limit)
    return Measure(value, limit, known and _exact(value) >= _exact(limit))


def below(value: Number | None, limit: Number | None) -> Measure:
    """Pass when both are known and value < limit."""
    known = _is_known(value) and _is_known(limit)
    return Measure(value, limit, known and _exact(value) < _exact(limit))


def equals(value: Any, wanted: Any) -> Measure:
    """Pass when the value is known and exactly this."""
    return Measure(value, wanted, value is not None and value == wanted)


def share(fraction: Decimal, whole: Decimal | None) -> Decimal | None:
    """A fraction of something, unknown when that is unknown or not finite."""
    return fraction * whole if whole is not None and whole.is_finite() else None


def _is_known(value: Number | None) -> bool:
    return value is not None and math.isfinite(value)


def _exact(value: Number | None) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
