"""Stops: initial risk, the ladder, and a ratchet that never loosens (DOMAIN 6.8).

Profit is (peak / entry - 1) in percent of the entry premium, the trail is percent below the peak.
The rung reached at the peak says how tight the trail is; the candidate is rounded down to the
tick, and the stop moves only when the move is worth the gap of replacing it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from execution.orders.ticks import Increments, Touch, round_down, tick_at
from quanticity.domain.signals import Strategy

_PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Profile:
    """One strategy's protection: percent of entry at risk, and targets with their sizes."""

    initial_risk_pct: Decimal
    targets_pct: tuple[Decimal, ...]
    take_one_in: tuple[int, ...]  # of what is left: 3, 2, 1 = a third, half the rest, the rest


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.stops]."""

    profiles: dict[Strategy, Profile]
    ladder: tuple[tuple[Decimal, Decimal], ...]  # (profit %, trail %), profit rising
    min_trail_pct: Decimal
    spread_trail_multiple: Decimal
    min_move_frac: Decimal
    mark_max_spread_frac: Decimal
    backup_marks: int
    backup_wait_s: float
    mark_memory_s: float
    opening_s: float
    opening_apart_s: float


@dataclass(frozen=True, slots=True)
class Ratchet:
    """Peak and stop of one position; persisted, so that restarts never loosen. No stop is None."""

    entry: Decimal
    peak: Decimal
    stop: Decimal | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one admitted mark did to a ratchet."""

    ratchet: Ratchet
    mark: Decimal
    rung_profit_pct: Decimal
    trail_pct: Decimal
    candidate: Decimal
    moved: bool
    hit: bool


@dataclass(frozen=True, slots=True)
class Breach:
    """Consecutive admitted marks at or below the stop, and since when."""

    marks: int = 0
    since: datetime | None = None


def initial(
    strategy: Strategy,
    entry: Decimal,
    increments: Increments,
    settings: Settings,
    *,
    floor: Decimal | None = None,
) -> Ratchet:
    """Begin at the average entry; `floor` is a stop that already works and is never lowered."""
    risk = settings.profiles[strategy].initial_risk_pct / _PERCENT
    stop = round_down(entry * (1 - risk), increments)
    return Ratchet(entry, entry, _higher(stop, floor))


def advance(
    ratchet: Ratchet,
    mark: Decimal,
    increments: Increments,
    settings: Settings,
    *,
    spread_pct: Decimal = Decimal(0),
) -> Step:
    """Take one admitted mark; `spread_pct` is the quote's spread in percent of mid."""
    peak = max(ratchet.peak, mark)
    rung, ladder_trail = rung_at((peak / ratchet.entry - 1) * _PERCENT, settings.ladder)
    trail = max(ladder_trail, settings.min_trail_pct, settings.spread_trail_multiple * spread_pct)
    candidate = round_down(max(Decimal(0), peak * (1 - trail / _PERCENT)), increments)
    hit = ratchet.stop is not None and mark <= ratchet.stop
    worth = max(tick_at(candidate, increments), settings.min_move_frac * ratchet.entry)
    moved = not hit and candidate > 0 and candidate - (ratchet.stop or 0) >= worth
    stop = candidate if moved else ratchet.stop
    return Step(Ratchet(ratchet.entry, peak, stop), mark, rung, trail, candidate, moved, hit)


def rung_at(
    profit_pct: Decimal, ladder: Iterable[tuple[Decimal, Decimal]]
) -> tuple[Decimal, Decimal]:
    """The highest rung (profit, trail) that the profit has reached."""
    return max(rung for rung in ladder if rung[0] <= max(profit_pct, Decimal(0)))


def mark_of(quote: Touch | None, settings: Settings) -> Decimal | None:
    """What a position is marked at for its stop: mid, or the bid when the spread is wide."""
    if quote is None:
        return None
    narrow = quote.spread_frac <= settings.mark_max_spread_frac
    return quote.mid if narrow else quote.bid


def watch(breach: Breach, mark: Decimal, stop: Decimal | None, at: datetime) -> Breach:
    """Count marks at or below the stop; one above it starts again."""
    if stop is None or mark > stop:
        return Breach()
    return Breach(breach.marks + 1, breach.since or at)


def is_backup_due(breach: Breach, at: datetime, settings: Settings) -> bool:
    """Say whether the broker's stop has had its chance and we must leave by a marketable limit."""
    if breach.since is None or breach.marks < settings.backup_marks:
        return False
    return (at - breach.since).total_seconds() >= settings.backup_wait_s


def _higher(stop: Decimal, floor: Decimal | None) -> Decimal | None:
    found = max(stop, floor or Decimal(0))
    return found if found > 0 else None
