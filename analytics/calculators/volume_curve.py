"""How much of a day's volume is done by a time of day, as a share in [0, 1] (DOMAIN 3.15, 3.16).

A curve is the cumulative share at equally spaced instants from just after the open to the close;
between them it is linear. Half days have a curve of their own. What was not heard is no quiet
minute: a session's volume goes with the share of the curve over which it was heard.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from quanticity.domain.calendar import Session
from quanticity.domain.market import Bar

_FULL_N5 = 12  # 5 s bars in a minute


@dataclass(frozen=True, slots=True)
class Settings:
    """The curves in force until a symbol has its own."""

    full_day: tuple[float, ...]
    half_day: tuple[float, ...]


class Heard(NamedTuple):
    """Shares traded in the minutes that were heard, and the shares of the curve in both kinds."""

    shares: float
    share: float
    gap_share: float


def default(session: Session, settings: Settings) -> tuple[float, ...]:
    """The curve of that kind of session."""
    return settings.half_day if session.is_half_day else settings.full_day


def share_done(curve: Sequence[float], minutes_since_open: float, session_minutes: float) -> float:
    """Share of the day's volume done; 0 before the open, 1 after the close."""
    place = minutes_since_open / session_minutes * len(curve)
    if place <= 0:
        return 0.0
    if place >= len(curve):
        return 1.0
    step = int(place)
    before = curve[step - 1] if step else 0.0
    return before + (place - step) * (curve[step] - before)


def heard(
    minutes: Iterable[Bar], curve: Sequence[float], session: Session, until: datetime
) -> Heard | None:
    """A session's volume by its one-minute bars; None without one.

    Minutes that should be there by `until` and are not, and 5 s bars missing in one, are a gap.
    """
    due = int(session.minutes_since_open(until))
    inside = [bar for bar in minutes if session.contains(bar.open_at)]
    share, timely = 0.0, 0.0
    for bar in inside:
        minute = session.minutes_since_open(bar.open_at)
        usual = _between(curve, session, minute, minute + 1) * min(bar.n5 / _FULL_N5, 1.0)
        share += usual
        timely += usual if minute < due else 0.0
    gap = max(_between(curve, session, 0.0, due) - timely, 0.0)
    return Heard(sum(bar.volume for bar in inside), share, gap) if inside else None


def _between(curve: Sequence[float], session: Session, begins: float, ends: float) -> float:
    minutes = session.rth_s / 60
    return share_done(curve, ends, minutes) - share_done(curve, begins, minutes)


def learn(days: Sequence[Sequence[float]]) -> tuple[float, ...] | None:
    """The mean cumulative curve of days of equally spaced volumes; None without one."""
    curves = [_cumulative(day) for day in days if sum(day) > 0]
    if not curves:
        return None
    return tuple(sum(column) / len(curves) for column in zip(*curves, strict=True))


def _cumulative(volumes: Sequence[float]) -> list[float]:
    total = sum(volumes)
    return [sum(volumes[: n + 1]) / total for n in range(len(volumes))]
