"""Hidden and iceberg orders: more traded than was ever shown (DOMAIN 3.13).

hidden_score = 0.4 min(n_inside / 10, 1) + 0.4 min(iceberg levels / 3, 1) + 0.2 clip(depth - 1, 0,
1), in [0, 1]. `n_inside` counts prints strictly inside the best prices (off-exchange sub-penny
prints are retail price improvement and do not count). An iceberg level is a price with at least
five prints, executed twice what it ever displayed, refilled three times. depth is the volume of
the last 20 prints over the visible five levels. `hidden_side` is +1 when icebergs absorb on the
bid, -1 on the ask, 0 when mixed or none. Needs depth.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from quanticity.domain.market import Book, Level, Trade
from quanticity.domain.readings import Reading, Unavailable


@dataclass(frozen=True, slots=True)
class Settings:
    """Weights in the order inside, icebergs, depth; and what counts as each."""

    window_s: float
    weights: tuple[float, float, float]
    inside_full: float
    icebergs_full: float
    iceberg_prints: int
    iceberg_multiple: float
    iceberg_refills: int
    depth_prints: int
    depth_levels: int
    likely: float
    off_exchange: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A print and the book that stood when it happened."""

    trade: Trade
    book: Book


@dataclass(frozen=True, slots=True)
class Iceberg:
    """A price that absorbed more than it showed; side +1 is a bid, sizes in shares."""

    price: float
    side: int
    executed: float
    displayed: float
    refills: int


@dataclass(frozen=True, slots=True)
class HiddenOrders(Reading):
    """How much of the flow was hidden, and on which side it stood."""

    name: ClassVar[str] = "hidden"

    hidden_score: float
    hidden_likely: bool
    hidden_side: int
    n_inside: int
    depth_ratio: float
    icebergs: tuple[Iceberg, ...] = field(default=())


def compute(prints: Sequence[Seen], settings: Settings) -> HiddenOrders | Unavailable:
    """Judge the prints of the window, oldest first, each with its book."""
    deep = [seen for seen in prints if not seen.book.synthetic]
    if not prints:
        return Unavailable("hidden", "NO_DATA", "no prints in the window")
    if not deep or not _visible(deep[-1].book, settings.depth_levels):
        return Unavailable("hidden", "NOT_APPLICABLE", "no depth")
    icebergs = tuple(_icebergs(deep, settings))
    n_inside = sum(_is_inside(seen, settings) for seen in deep)
    volume = sum(seen.trade.size for seen in deep[-settings.depth_prints :])
    depth_ratio = volume / _visible(deep[-1].book, settings.depth_levels)
    value = score(n_inside, len(icebergs), depth_ratio, settings)
    return HiddenOrders(
        hidden_score=value,
        hidden_likely=value > settings.likely,
        hidden_side=_side(icebergs),
        n_inside=n_inside,
        depth_ratio=depth_ratio,
        icebergs=icebergs,
    )


def score(n_inside: int, iceberg_levels: int, depth_ratio: float, settings: Settings) -> float:
    """Weigh the three signs of hidden size."""
    inside, icebergs, depth = settings.weights
    return (
        inside * min(n_inside / settings.inside_full, 1.0)
        + icebergs * min(iceberg_levels / settings.icebergs_full, 1.0)
        + depth * max(0.0, min(depth_ratio - 1, 1.0))
    )


def _is_inside(seen: Seen, settings: Settings) -> bool:
    bids, asks = seen.book.bids, seen.book.asks
    if not bids or not asks or not bids[0].price < seen.trade.price < asks[0].price:
        return False
    cents = seen.trade.price * 100
    retail = not math.isclose(cents, round(cents), abs_tol=1e-6)
    return not (retail and seen.trade.venue in settings.off_exchange)


def _icebergs(prints: Sequence[Seen], settings: Settings) -> list[Iceberg]:
    by_level: dict[tuple[float, int], list[tuple[float, float]]] = defaultdict(list)
    for seen in prints:
        for side, levels in ((1, seen.book.bids), (-1, seen.book.asks)):
            shown = _shown(levels, seen.trade.price)
            if shown is not None:
                by_level[seen.trade.price, side].append((shown, seen.trade.size))
    found = (_iceberg(price, side, steps) for (price, side), steps in sorted(by_level.items()))
    return [
        level
        for level in found
        if len(by_level[level.price, level.side]) >= settings.iceberg_prints
        and level.executed >= settings.iceberg_multiple * level.displayed
        and level.refills >= settings.iceberg_refills
    ]


def _iceberg(price: float, side: int, steps: Sequence[tuple[float, float]]) -> Iceberg:
    # A level was refilled when more is shown at the next print than this one left behind.
    refills = sum(after > max(shown - taken, 0.0) for (shown, taken), (after, _) in pairwise(steps))
    executed = sum(size for _, size in steps)
    return Iceberg(price, side, executed, max(shown for shown, _ in steps), refills)


def _shown(levels: Sequence[Level], price: float) -> float | None:
    return next((level.size for level in levels if level.price == price), None)


def _visible(book: Book, levels: int) -> float:
    return sum(level.size for level in (*book.bids[:levels], *book.asks[:levels]))


def _side(icebergs: Sequence[Iceberg]) -> int:
    sides = {iceberg.side for iceberg in icebergs}
    return sides.pop() if len(sides) == 1 else 0
