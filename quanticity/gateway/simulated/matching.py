"""When an order triggers and what it fills: pure functions of order, touch and chance.

Options: a stop needs two consecutive asks (sell) or bids (buy) at or beyond its price; prints do
not count. Stocks: the last print. A marketable order takes what is shown; a passive order inside
the spread fills with a probability per second that grows toward the far side.
"""

from dataclasses import dataclass
from decimal import Decimal

from quanticity.gateway.simulated.orders import CLOSING, ZERO, Order

_TICK = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Settings:
    """How fills happen."""

    passive_fill_per_s_at_mid: float
    passive_fill_per_s_at_touch: float
    passive_fill_per_s_at_far: float
    stop_confirmations: int
    take_whole_size: bool
    max_working_per_side: int
    allow_uncovered: bool
    modify_explicit_oca: bool
    close_cutoff_minutes: float


@dataclass(frozen=True, slots=True)
class Touch:
    """The market of one contract at one second; None is an absent side."""

    bid: Decimal | None
    ask: Decimal | None
    bid_size: int
    ask_size: int
    last: Decimal
    is_option: bool


@dataclass(frozen=True, slots=True)
class Match:
    """What an order fills now."""

    price: Decimal
    quantity: Decimal
    liquidity: int


ADDED, REMOVED = 1, 2


def trigger(order: Order, touch: Touch, settings: Settings) -> bool:
    """Say whether a waiting stop fires on this touch, counting confirmations on the order."""
    level = stop_level(order, touch)
    reference = _reference(order, touch)
    if level is None or reference is None:
        return False
    beyond = reference >= level if order.is_buy else reference <= level
    order.confirmations = order.confirmations + 1 if beyond else 0
    needed = settings.stop_confirmations if touch.is_option else 1
    return order.confirmations >= needed


def stop_level(order: Order, touch: Touch) -> Decimal | None:
    """The trigger price; a trailing one follows the market first and never turns back."""
    if not order.order_type.startswith("TRAIL"):
        return order.aux
    reference = _reference(order, touch)
    if reference is None:
        return order.trail_stop
    gap = order.aux if order.trail_percent is None else reference * order.trail_percent / 100
    if gap is None:
        return None
    follow = reference + gap if order.is_buy else reference - gap
    if order.trail_stop is None:
        order.trail_stop = follow
    order.trail_stop = (
        min(order.trail_stop, follow) if order.is_buy else max(order.trail_stop, follow)
    )
    return order.trail_stop


def fill(
    order: Order, touch: Touch, executable: Decimal, chance: float | None, settings: Settings
) -> Match | None:
    """What the order fills against this touch, or None.

    `executable` bounds the quantity (a child fills no more than its parent has); `chance` is a
    uniform number for a passive fill, None at instants when only marketable orders may fill.
    """
    quantity = min(order.remaining, executable)
    if quantity <= 0 or order.order_type in CLOSING:
        return None
    near, far = (touch.bid, touch.ask) if order.is_buy else (touch.ask, touch.bid)
    limit = _limit(order)
    if far is not None and (limit is None or _reaches(order, limit, far)):
        shown = Decimal(touch.ask_size if order.is_buy else touch.bid_size)
        if settings.take_whole_size:
            shown = max(shown, quantity)
        return Match(far, min(quantity, shown), REMOVED) if shown > 0 else None
    if chance is None or limit is None or near is None or far is None:
        return None
    if chance < passive_chance(float(limit), float(near), float(far), settings):
        return Match(limit, quantity, ADDED)
    return None


def passive_chance(limit: float, near: float, far: float, settings: Settings) -> float:
    """Probability per second that an order resting between the near and far touch fills."""
    if far == near:
        return 0.0
    depth = (limit - near) / (far - near)
    if depth < 0:
        return 0.0
    at_touch, at_mid = settings.passive_fill_per_s_at_touch, settings.passive_fill_per_s_at_mid
    if depth <= 0.5:  # noqa: PLR2004 - the mid
        return at_touch + (at_mid - at_touch) * depth * 2
    return at_mid + (settings.passive_fill_per_s_at_far - at_mid) * (depth * 2 - 1)


def is_tick(price: Decimal, *, penny: bool) -> bool:
    """Say whether a price is a multiple of the minimum increment in force at its level."""
    tick = _TICK if penny or abs(price) < 3 else Decimal("0.05")  # noqa: PLR2004 - dollars
    return price % tick == ZERO


# What a stop watches: an option's far quote, a stock's last print.
def _reference(order: Order, touch: Touch) -> Decimal | None:
    if not touch.is_option:
        return touch.last
    return touch.bid if order.is_buy else touch.ask


def _limit(order: Order) -> Decimal | None:
    return order.limit if order.order_type in {"LMT", "STP LMT", "TRAIL LIMIT"} else None


def _reaches(order: Order, limit: Decimal, far: Decimal) -> bool:
    return limit >= far if order.is_buy else limit <= far
