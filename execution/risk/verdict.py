"""What the risk gate answers: allowed, or denied by a rule with the numbers it looked at."""

from dataclasses import dataclass
from typing import Any

from quanticity.domain.signals import Gate


@dataclass(frozen=True, slots=True)
class Denied:
    """One rule said no; value and threshold are what it saw and what it wanted."""

    code: str
    value: Any
    threshold: Any

    def __str__(self) -> str:
        """Say it as an operator reads it: `SIGNAL_STALE: 7.2 against 5`."""
        return f"{self.code}: {self.value} against {self.threshold}"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Every rule passed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer with its record: every rule that ran, in order, the first denial or allowed."""

    answer: Allowed | Denied
    gates: tuple[Gate, ...]

    @property
    def allowed(self) -> bool:
        """True when no rule said no."""
        return isinstance(self.answer, Allowed)

    @property
    def denials(self) -> tuple[Denied, ...]:
        """Every rule that said no, in the order of evaluation."""
        return tuple(Denied(g.code, g.value, g.threshold) for g in self.gates if not g.passed)
