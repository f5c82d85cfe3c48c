"""Sweeps: one side walking through several prices within a second (DOMAIN 3.12).

A sweep is a run of prints of one inferred side, at most a second from first to last, at least
three, at three prices or more that only move that side's way, above a number of shares and of
dollars. Prints of unknown side never join, and a print belongs to one sweep. `sweep_net` in
[-1, 1] is the mean direction of the last 120 s weighted by dollars and by a half-life of 30 s,
+ bought, 0.0 when there was no sweep. Option sweeps have the same shape with other limits
(venues instead of prices, premium instead of shares). Cost O(prints).
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from analytics.calculators.trade_signing import SignedTrade
from quanticity.domain.market import Side
from quanticity.domain.readings import Reading


@dataclass(frozen=True, slots=True)
class Settings:
    """What makes a run a sweep, and how long one is remembered."""

    window_ms: float
    min_prints: int
    min_levels: int
    min_venues: int
    min_size: float
    min_notional_usd: float
    one_way: bool
    count_window_s: float
    net_window_s: float
    half_life_s: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep, dated by its last print: distinct prices, shares (of options: contracts)."""

    at: datetime
    side: Side
    shares: float
    notional_usd: float
    levels: int
    venues: int
    prints: int


@dataclass(frozen=True, slots=True)
class Sweeps(Reading):
    """Sweeps of the last minutes; `sampled` when the prints are snapshots (options)."""

    name: ClassVar[str] = "sweep"

    sweep_n_60s: int
    sweep_net: float
    last: Sweep | None
    sampled: bool


def compute(
    prints: Sequence[SignedTrade], at: datetime, settings: Settings, *, multiplier: int = 1
) -> Sweeps:
    """Find the sweeps in prints up to `at`, oldest first, and weigh the recent ones."""
    known = [each for each in prints if each.trade.event_at <= at]
    recent = [
        sweep
        for sweep in find(known, settings, multiplier=multiplier)
        if _age_s(sweep, at) <= settings.net_window_s
    ]
    return Sweeps(
        sweep_n_60s=sum(_age_s(sweep, at) <= settings.count_window_s for sweep in recent),
        sweep_net=_net(recent, at, settings),
        last=recent[-1] if recent else None,
        sampled=any(each.trade.sampled for each in known),
    )


def find(prints: Iterable[SignedTrade], settings: Settings, *, multiplier: int = 1) -> list[Sweep]:
    """Every sweep in these prints, in the order they ended."""
    ordered = sorted(prints, key=lambda each: each.trade.event_at)
    found = [
        sweep
        for side in (Side.BUY, Side.SELL)
        for sweep in _walk(ordered, side, settings, multiplier)
    ]
    return sorted(found, key=lambda sweep: sweep.at)


def _walk(
    ordered: Iterable[SignedTrade], side: Side, settings: Settings, multiplier: int
) -> Iterator[Sweep]:
    run = _Run(side, multiplier)
    for each in ordered:
        if each.signing.side is not side:
            continue
        if not run.may_grow(each, settings):
            sweep = run.sweep(settings)
            if sweep is not None:
                yield sweep
            run.give_way(each, settings, swept=sweep is not None)
        run.add(each)
    last = run.sweep(settings)
    if last is not None:
        yield last


@dataclass(slots=True)
class _Run:
    # The candidate of one side: prints in time order with their running totals.
    side: Side
    multiplier: int
    prints: deque[SignedTrade] = field(default_factory=deque)
    prices: Counter[float] = field(default_factory=Counter)
    venues: Counter[str] = field(default_factory=Counter)
    size: float = 0.0
    notional: float = 0.0

    def add(self, each: SignedTrade) -> None:
        self.prints.append(each)
        self._count(each, 1)

    def may_grow(self, each: SignedTrade, settings: Settings) -> bool:
        return not self.prints or (
            self._fits(each, settings.window_ms) and self._one_way(each, settings)
        )

    def give_way(self, each: SignedTrade, settings: Settings, *, swept: bool) -> None:
        # A spent or turned run starts over; one that is only too old drops its oldest prints.
        over = swept or not self._one_way(each, settings)
        while self.prints and (over or not self._fits(each, settings.window_ms)):
            self._count(self.prints.popleft(), -1)
        if not self.prints:
            self.size = self.notional = 0.0

    def sweep(self, settings: Settings) -> Sweep | None:
        usd = self.notional * self.multiplier
        enough = len(self.prints) >= settings.min_prints and self.size > settings.min_size
        broad = len(self.prices) >= settings.min_levels and len(self.venues) >= settings.min_venues
        if not enough or not broad or usd < settings.min_notional_usd:
            return None
        at = self.prints[-1].trade.event_at
        levels, venues = len(self.prices), len(self.venues)
        return Sweep(at, self.side, self.size, usd, levels, venues, len(self.prints))

    def _count(self, each: SignedTrade, sign: int) -> None:
        self.size += sign * each.trade.size
        self.notional += sign * each.notional
        counts: tuple[tuple[Counter[Any], Any], ...] = (
            (self.prices, each.trade.price),
            (self.venues, each.trade.venue),
        )
        for counter, key in counts:
            counter[key] += sign
            if not counter[key]:
                del counter[key]

    def _fits(self, each: SignedTrade, window_ms: float) -> bool:
        span = each.trade.event_at - self.prints[0].trade.event_at
        return span.total_seconds() * 1000 <= window_ms

    def _one_way(self, each: SignedTrade, settings: Settings) -> bool:
        step = (each.trade.price - self.prints[-1].trade.price) * self.side.sign
        return step >= 0 or not settings.one_way


def _net(sweeps: Sequence[Sweep], at: datetime, settings: Settings) -> float:
    weights = [
        sweep.notional_usd / 2 ** (_age_s(sweep, at) / settings.half_life_s) for sweep in sweeps
    ]
    signed = sum(sweep.side.sign * weight for sweep, weight in zip(sweeps, weights, strict=True))
    return signed / sum(weights) if weights else 0.0


def _age_s(sweep: Sweep, at: datetime) -> float:
    return (at - sweep.at).total_seconds()
