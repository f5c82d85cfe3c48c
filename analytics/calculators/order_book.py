"""Order-book imbalance: which side of the book waits with more size (DOMAIN 3.11).

obi = (bid size - ask size) / (bid size + ask size) in [-1, 1], + is bid heavy, 0 balanced:
`obi_l1` on the best level, `obi_l5` on sizes weighted 1, .8, .6, .4, .2 by rank. `micro_price` is
the best prices weighted by the *opposite* sizes, in dollars; `pressure_ratio` is plain bid over
ask size of five levels, clipped to [0.1, 10]. A one-sided, crossed, locked or empty book is
unavailable; a synthetic book has only the figures of its best level.
After Cont, Kukanov and Stoikov, Journal of Financial Econometrics 12(1), 2014 (imbalance) and
Stoikov, Quantitative Finance 18(12), 2018 (micro-price). Cost O(levels), the past in O(1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from quanticity.domain.market import Book, Level
from quanticity.domain.readings import Reading, Unavailable


class Balance(StrEnum):
    """Which side is heavier, in words."""

    EXTREME_BID = "EXTREME_BID"
    BID = "BID"
    BALANCED = "BALANCED"
    ASK = "ASK"
    EXTREME_ASK = "EXTREME_ASK"


@dataclass(frozen=True, slots=True)
class Settings:
    """Weights by rank, limits of the states, and how the past is kept."""

    weights: tuple[float, ...]
    extreme: float
    moderate: float
    pressure_min: float
    pressure_max: float
    velocity_samples: int
    sample_interval_s: float
    max_gap_s: float
    half_life_s: float


@dataclass(frozen=True, slots=True)
class State:
    """The last few values of `obi_l5`, newest last, and their exponential mean."""

    samples: tuple[float, ...] = ()
    ema: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderBook(Reading):
    """Imbalances of one book; None with a reason where the book is synthetic or the past short."""

    name: ClassVar[str] = "obi"

    obi_l1: float
    obi_l5: float | None
    micro_price: float
    pressure_ratio: float | None
    velocity_per_s: float | None
    state: Balance | None
    obi_ema_5s: float | None
    synthetic: bool
    reasons: dict[str, str] = field(default_factory=dict)


def compute(book: Book, state: State, settings: Settings) -> OrderBook | Unavailable:
    """Read one book; `state` is the past up to and including it, or an empty one."""
    bids, asks = _standing(book.bids), _standing(book.asks)
    flaw = defect(bids, asks)
    if flaw is not None:
        return Unavailable("obi", flaw, f"{len(bids)} bids, {len(asks)} asks")
    bid, ask = bids[0], asks[0]
    deep = None if book.synthetic else imbalance(bids, asks, settings.weights)
    velocity = None if book.synthetic else _velocity(state.samples, settings)
    return OrderBook(
        obi_l1=_ratio(bid.size, ask.size),
        obi_l5=deep,
        micro_price=(bid.price * ask.size + ask.price * bid.size) / (bid.size + ask.size),
        pressure_ratio=None if book.synthetic else _pressure(bids, asks, settings),
        velocity_per_s=velocity,
        state=None if deep is None else _balance(deep, settings),
        obi_ema_5s=None if book.synthetic else state.ema,
        synthetic=book.synthetic,
        reasons=_reasons(book, state, velocity),
    )


def update(state: State, book: Book, settings: Settings) -> State:
    """Add one book to the past; a book without depth, or a gap in time, begins a new past."""
    bids, asks = _standing(book.bids), _standing(book.asks)
    if book.synthetic or defect(bids, asks) is not None:
        return State()
    value = imbalance(bids, asks, settings.weights)
    gap_s = 0.0 if state.at is None else (book.event_at - state.at).total_seconds()
    if state.ema is None or not 0 <= gap_s <= settings.max_gap_s:
        return State((value,), value, book.event_at)
    kept = 1 / 2 ** (gap_s / settings.half_life_s)
    samples = (*state.samples, value)[-settings.velocity_samples - 1 :]
    return State(samples, kept * state.ema + (1 - kept) * value, book.event_at)


def imbalance(bids: Sequence[Level], asks: Sequence[Level], weights: Sequence[float]) -> float:
    """Imbalance of sizes weighted by rank, + bid heavy; a rank without a level counts 0."""
    return _ratio(_weighted(bids, weights), _weighted(asks, weights))


def defect(bids: Sequence[Level], asks: Sequence[Level]) -> str | None:
    """Why these levels, best first and none empty, cannot be used; None when they can."""
    if not bids and not asks:
        return "NO_QUOTE"
    if not bids or not asks:
        return "ONE_SIDED"
    if bids[0].price > asks[0].price:
        return "CROSSED"
    return "LOCKED" if bids[0].price == asks[0].price else None


def _standing(levels: Sequence[Level]) -> list[Level]:
    return [level for level in levels if level.size > 0]


def _weighted(levels: Sequence[Level], weights: Sequence[float]) -> float:
    return sum(level.size * weight for level, weight in zip(levels, weights, strict=False))


def _ratio(bid: float, ask: float) -> float:
    return (bid - ask) / (bid + ask)


def _pressure(bids: Sequence[Level], asks: Sequence[Level], settings: Settings) -> float:
    ranks = len(settings.weights)
    bid, ask = (sum(level.size for level in side[:ranks]) for side in (bids, asks))
    return max(settings.pressure_min, min(settings.pressure_max, bid / ask))


def _velocity(samples: Sequence[float], settings: Settings) -> float | None:
    steps = settings.velocity_samples
    if len(samples) <= steps:
        return None
    return (samples[-1] - samples[-1 - steps]) / (steps * settings.sample_interval_s)


def _balance(value: float, settings: Settings) -> Balance:
    if abs(value) > settings.extreme:
        return Balance.EXTREME_BID if value > 0 else Balance.EXTREME_ASK
    if abs(value) > settings.moderate:
        return Balance.BID if value > 0 else Balance.ASK
    return Balance.BALANCED


def _reasons(book: Book, state: State, velocity: float | None) -> dict[str, str]:
    if book.synthetic:
        deep = ("obi_l5", "pressure_ratio", "velocity_per_s", "state", "obi_ema_5s")
        return dict.fromkeys(deep, "NOT_APPLICABLE")
    missing = {"velocity_per_s": velocity, "obi_ema_5s": state.ema}
    return {name: "INSUFFICIENT_SAMPLES" for name, found in missing.items() if found is None}
