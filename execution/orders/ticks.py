"""Prices as the exchange accepts them: ticks, and the two-sided quote of one option.

`Increments` come from the broker's market rule as (from_price, tick), prices rising:
((0, 0.01), (3, 0.05)) says a cent below 3 dollars, then five.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from quanticity.domain.errors import MalformedInput

Increments = tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Touch:
    """Best bid and ask of one option in dollars per share: both there, positive, not crossed."""

    bid: Decimal
    ask: Decimal

    @property
    def mid(self) -> Decimal:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> Decimal:
        """Ask minus bid."""
        return self.ask - self.bid

    @property
    def spread_frac(self) -> Decimal:
        """Spread as a fraction of mid."""
        return self.spread / self.mid


def touch(bid: float | Decimal | None, ask: float | Decimal | None) -> Touch | None:
    """Make a Touch of what a feed said, or None when it cannot price an order."""
    if bid is None or ask is None or not (math.isfinite(bid) and math.isfinite(ask)):
        return None
    return Touch(exact(bid), exact(ask)) if 0 < bid <= ask else None


def exact(value: float | Decimal) -> Decimal:
    """Read a feed's double as the decimal it was printed from."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def tick_at(price: Decimal, increments: Increments) -> Decimal:
    """The increment in force at a price."""
    ticks = [tick for from_price, tick in increments if from_price <= max(price, Decimal(0))]
    if not ticks or ticks[-1] <= 0:
        raise MalformedInput(f"expected an increment for {price}, was {increments}")
    return ticks[-1]


def round_down(price: Decimal, increments: Increments) -> Decimal:
    """The highest accepted price that is not above this one."""
    return _rounded(price, increments, ROUND_FLOOR)


def round_up(price: Decimal, increments: Increments) -> Decimal:
    """The lowest accepted price that is not below this one."""
    return _rounded(price, increments, ROUND_CEILING)


def _rounded(price: Decimal, increments: Increments, rounding: str) -> Decimal:
    tick = tick_at(price, increments)
    return (price / tick).to_integral_value(rounding) * tick
