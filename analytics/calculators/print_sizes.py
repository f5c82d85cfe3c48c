"""How large prints are, in dollars: counts per session in steps of a few percent (DOMAIN 3.19).

A percentile over 20 sessions must not keep 20 sessions of prints. Notionals are counted in steps
of equal ratio, so that a percentile is known to half a step, whatever the number of prints.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from analytics.calculators import counted
from analytics.calculators.counted import Mark
from quanticity.domain import calendar
from quanticity.domain.market import Trade


@dataclass(frozen=True, slots=True)
class Settings:
    """Sessions kept, width of a step, the percentile, and the fewest prints and sessions."""

    sessions: int
    step_frac: float
    rank: float
    min_prints: int


class Day(NamedTuple):
    """Number of prints per step of one session."""

    session: date
    counts: dict[int, int]


@dataclass(frozen=True, slots=True)
class State:
    """The last sessions, oldest first, and until when prints are counted."""

    days: tuple[Day, ...] = ()
    marks: tuple[tuple[str, Mark], ...] = ()


def update(state: State, trades: Sequence[Trade], settings: Settings) -> State:
    """Count prints that are not counted yet."""
    marks = dict(state.marks)
    fresh = [trades[place] for place in counted.fresh(trades, marks) if trades[place].is_sound]
    if not fresh:
        return state
    days = {day.session: Counter(day.counts) for day in state.days}
    for session, prints in _by_session(fresh):
        counts = days.setdefault(session, Counter())
        counts.update(_step(trade.price * trade.size, settings) for trade in prints)
    kept = sorted(days)[-settings.sessions :]
    return State(
        tuple(Day(session, dict(days[session])) for session in kept),
        tuple(counted.marked(marks, fresh).items()),
    )


def percentile(state: State, settings: Settings) -> tuple[float, int] | None:
    """The notional in dollars that `rank` of all prints stay below, and how many prints there are.

    None with too few.
    """
    total: Counter[int] = Counter()
    for day in state.days:
        total.update(day.counts)
    n = total.total()
    if n < settings.min_prints:
        return None
    below = 0
    for step in sorted(total):
        below += total[step]
        if below >= settings.rank * n:
            return (1 + settings.step_frac) ** (step + 0.5), n
    return None


def _by_session(trades: Iterable[Trade]) -> Iterable[tuple[date, list[Trade]]]:
    found: dict[date, list[Trade]] = {}
    session: calendar.Session | None = None
    for trade in trades:
        if session is None or not session.contains(trade.event_at):
            session = calendar.current(trade.event_at)
        if session is not None:
            found.setdefault(session.date, []).append(trade)
    return found.items()


def _step(notional_usd: float, settings: Settings) -> int:
    return math.floor(math.log(notional_usd) / math.log1p(settings.step_frac))
