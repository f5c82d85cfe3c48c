"""Shares of exercises, lot by lot: what closed them, and what that came to (DOMAIN 6.9, 6.12).

An exercise brings shares at the official close at which its option was settled, so the option's
result and the shares' add up to what the account saw. What executes against them closes the oldest
first, and no more than is there: the rest is somebody else's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from quanticity.domain.orders import Fill

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Lot:
    """Shares of one exercise: signed, + long; the price in dollars is that close."""

    quantity: int
    price: Decimal
    since: datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """A part of a lot that is gone: signed as the lot was; its cost is None until reported."""

    lot: Lot
    quantity: int
    price: Decimal
    at: datetime
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Book:
    """What was closed, oldest first, and what is left of each lot."""

    closings: tuple[Closing, ...]
    lots: tuple[Lot, ...]

    def of_which(self, there: int) -> "Book":
        """The book with no more left than the broker shows, signed; the newest lots stay."""
        kept: list[Lot] = []
        for lot in reversed(self.lots):
            room = there - sum(one.quantity for one in kept)
            size = min(abs(room), abs(lot.quantity)) if room * lot.quantity > 0 else 0
            if size:
                kept.insert(0, replace(lot, quantity=size if lot.quantity > 0 else -size))
        return replace(self, lots=tuple(kept))


def follow(lots: Iterable[Lot], fills: Iterable[Fill]) -> Book:
    """Match executions in force, corrections resolved, with the lots they close."""
    left: list[Lot] = []
    closed: list[Closing] = []
    events: list[tuple[datetime, Lot | Fill]] = [(lot.since, lot) for lot in lots]
    events += [(fill.executed_at, fill) for fill in fills]
    for at, event in sorted(events, key=lambda one: one[0]):
        rest = event.quantity
        while left and rest * left[0].quantity < 0:
            oldest = left[0]
            size = min(abs(rest), abs(oldest.quantity))
            gone = size if oldest.quantity > 0 else -size
            cost = _ZERO if isinstance(event, Lot) else _share(event, size)
            closed.append(Closing(oldest, gone, event.price, at, cost))
            rest += gone
            rest_of_it = replace(oldest, quantity=oldest.quantity - gone)
            left[:1] = [rest_of_it] if rest_of_it.quantity else []
        if isinstance(event, Lot) and rest:
            left.append(replace(event, quantity=rest))
    return Book(tuple(closed), tuple(left))


def _share(fill: Fill, size: int) -> Decimal | None:
    return None if fill.commission is None else fill.commission * size / abs(fill.quantity)
