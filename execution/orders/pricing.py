"""Prices of entries and exits: first limit, walk, abandonment (DOMAIN 6.4, 6.9).

A limit is passive (rounds down to the tick) or marketable (rounds up). It walks by a share of the
spread seen at the start and never passes its ceiling. Market orders are never sent; urgency is a
limit beyond the touch.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from execution.orders.ticks import Increments, Touch, round_down, round_up, tick_at
from execution.risk.verdict import Denied
from quanticity.domain.signals import Strategy


class Style(StrEnum):
    """Where the first limit stands."""

    MID = "MID"
    MARKETABLE = "MARKETABLE"
    NEAR_BID = "NEAR_BID"


class Ceiling(StrEnum):
    """What a walking limit never passes."""

    ASK = "ASK"
    MID = "MID"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a limit walks (None: never), and when it is given up, in seconds."""

    every_s: float | None
    abandon_s: float


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.pricing]."""

    eager_above: float  # confidence
    timid_below: float  # confidence
    eager_spread_frac: Decimal
    timid_spread_divisor: Decimal
    step_spread_frac: Decimal
    zero_dte: Pace
    eager_abandon_s: float
    usual: Pace
    timid: Pace
    partial_abandon_multiple: float
    zero_dte_moved_frac: Decimal
    exit_every_s: float
    exit_urgent_after_s: float
    exit_urgent_ticks: int
    exit_min_price: Decimal
    exit_desperate_frac: Decimal


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """How an entry is priced from its first limit until it is abandoned."""

    style: Style
    first: Decimal
    step: Decimal
    ceiling: Ceiling
    pace: Pace
    moved_frac: Decimal | None


def plan_entry(
    strategy: Strategy,
    confidence: float,
    quote: Touch | None,
    increments: Increments,
    settings: Settings,
) -> EntryPlan | Denied:
    """Choose the first limit and the walk; no quote is NO_MARKET_DATA, never a market order."""
    if quote is None:
        return Denied("NO_MARKET_DATA", None, "a bid and an ask")
    style, ceiling, pace = _manner(strategy, confidence, settings)
    moved = settings.zero_dte_moved_frac if strategy is Strategy.ZERO_DTE else None
    first = _first(style, quote, increments, settings)
    return EntryPlan(style, first, quote.spread * settings.step_spread_frac, ceiling, pace, moved)


def walked(plan: EntryPlan, elapsed_s: float, quote: Touch, increments: Increments) -> Decimal:
    """The limit after so many seconds; it never falls below the first nor passes the ceiling."""
    if plan.pace.every_s is None:
        return plan.first
    steps = int(elapsed_s // plan.pace.every_s)
    top = quote.ask if plan.ceiling is Ceiling.ASK else quote.mid
    target = min(plan.first + plan.step * steps, max(top, plan.first))
    return max(plan.first, round_down(target, increments))


def is_abandoned(
    plan: EntryPlan,
    elapsed_s: float,
    signal_mid: Decimal,
    quote: Touch | None,
    settings: Settings,
    *,
    partly_filled: bool = False,
) -> bool:
    """Say whether the entry is given up: too old, or (0DTE) the market has left the signal."""
    patience = settings.partial_abandon_multiple if partly_filled else 1
    if elapsed_s >= plan.pace.abandon_s * patience:
        return True
    if plan.moved_frac is None or quote is None:
        return False
    return abs(quote.mid - signal_mid) > plan.moved_frac * signal_mid


def exit_limit(
    bid: Decimal | None, elapsed_s: float, increments: Increments, settings: Settings
) -> Decimal | None:
    """The limit of an urgent sell: the bid, one tick less per repricing, two below it at the end.

    None when there is no bid: the contract is left to expire, and that is recorded.
    """
    if bid is None or not bid.is_finite() or bid <= 0:
        return None
    ticks = settings.exit_urgent_ticks
    if elapsed_s < settings.exit_urgent_after_s:
        ticks = min(ticks, int(elapsed_s // settings.exit_every_s))
    limit = round_down(bid, increments)
    for _ in range(ticks):
        limit -= tick_at(limit, increments)
    return max(limit, round_up(settings.exit_min_price, increments))


def desperate_limit(
    bid: Decimal | None, increments: Increments, settings: Settings
) -> Decimal | None:
    """The limit of a sell whose time is over: a share of the bid, so that it meets any buyer."""
    if bid is None or not bid.is_finite() or bid <= 0:
        return None
    limit = round_down(bid * settings.exit_desperate_frac, increments)
    return max(limit, round_up(settings.exit_min_price, increments))


def _manner(
    strategy: Strategy, confidence: float, settings: Settings
) -> tuple[Style, Ceiling, Pace]:
    if strategy is Strategy.ZERO_DTE:
        return Style.MID, Ceiling.ASK, settings.zero_dte
    if confidence > settings.eager_above:
        return Style.MARKETABLE, Ceiling.ASK, Pace(None, settings.eager_abandon_s)
    if confidence < settings.timid_below:
        return Style.NEAR_BID, Ceiling.MID, settings.timid
    return Style.MID, Ceiling.ASK, settings.usual


def _first(style: Style, quote: Touch, increments: Increments, settings: Settings) -> Decimal:
    if style is Style.MARKETABLE:
        return _marketable(quote, increments, settings)
    wish = quote.mid
    if style is Style.NEAR_BID:
        wish = quote.bid + quote.spread / settings.timid_spread_divisor
    # Below the first tick there is nothing to round down to.
    return round_down(wish, increments) or tick_at(wish, increments)


def _marketable(quote: Touch, increments: Increments, settings: Settings) -> Decimal:
    ask = round_up(quote.ask, increments)
    beyond = ask + tick_at(ask, increments)
    return beyond if beyond <= quote.mid + settings.eager_spread_frac * quote.spread else ask
