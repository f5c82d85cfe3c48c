"""Parts of a position, and from which of them contracts are taken (6.7, 6.9, 6.14).

Contracts are taken from whole tranches while they fit, nearest target first; what is left comes
out of the pair attached to the entry, whose quantity can be amended in place, and only then out
of a tranche whose pair has to be replaced for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

ATTACHED = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A tranche and the contracts it still holds."""

    number: int
    left: int


def take(parts: Sequence[Part], quantity: int) -> dict[int, int]:
    """How many contracts each part gives, when so many leave; never more than it holds."""
    given: dict[int, int] = {}
    rest = quantity
    for part in _explicit_first(parts):
        if 0 < part.left <= rest:
            given[part.number] = part.left
            rest -= part.left
    for part in _attached_first(parts):
        taken = min(rest, part.left - given.get(part.number, 0))
        if taken > 0:
            given[part.number] = given.get(part.number, 0) + taken
            rest -= taken
    return given


def _explicit_first(parts: Sequence[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (part.number == ATTACHED, part.number))


def _attached_first(parts: Sequence[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: part.number)
