"""Which contracts get a market data line, when there are more than lines; pure (DOMAIN 1.8).

Held contracts come before everything, then candidates by tier and distance from the money. What
finds no permanent line takes turns on a few rotating ones. No more is watched than can be kept
fresh: a quote that is older than the admission allows is worth no line.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HELD = -1


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """A contract somebody wants: lower tier and smaller distance first, con_id breaks ties."""

    tier: int
    distance: float
    con_id: int


def allocate(wishes: Iterable[Wish], budget: int, rotating: int, cursor: int) -> tuple[int, ...]:
    """The con_ids that get one of `budget` lines, most urgent first.

    When not all fit, `rotating` lines serve the rest in turns; `cursor` counts the turns in lines.
    """
    ordered_wishes = sorted(wishes)
    ordered = list(dict.fromkeys(wish.con_id for wish in ordered_wishes))
    if len(ordered) <= budget:
        return tuple(ordered)
    n_held = len({wish.con_id for wish in ordered_wishes if wish.tier == HELD})
    permanent = max(min(n_held, budget), budget - rotating, 0)
    rest = ordered[permanent:]
    start = cursor % len(rest)
    turn = (*rest[start:], *rest[:start])[: budget - permanent]
    return (*ordered[:permanent], *turn)


@dataclass(frozen=True, slots=True)
class Width:
    """One chain: how many contracts it has at each reach, and how far it may be narrowed."""

    size: Callable[[int], int]
    narrowest: int
    is_deep: bool


def reaches(chains: Sequence[Width], widest: int, capacity: int) -> tuple[int, ...]:
    """Strikes watched on each side of the money, per chain, so that all fit in the capacity.

    The widest of the others gives way first, a deep chain only when all others are narrow.
    """
    found = [widest] * len(chains)
    while sum(chain.size(n) for chain, n in zip(chains, found, strict=True)) > capacity:
        may = [i for i, n in enumerate(found) if n > chains[i].narrowest]
        if not may:
            break
        shallow = [i for i in may if not chains[i].is_deep]
        found[max(shallow or may, key=lambda i: (found[i], i))] -= 1
    return tuple(found)
