"""How much of a day's volume is done by a time of day, as a share in [0, 1] (DOMAIN 3.15, 3.16).

A curve is the cumulative share at equally spaced instants from just after the open to the close;
between them it is linear. Half days have a curve of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quanticity.domain.calendar import Session


@dataclass(frozen=True, slots=True)
class Settings:
    """The curves in force until a symbol has its own."""

    full_day: tuple[float, ...]
    half_day: tuple[float, ...]


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


def learn(days: Sequence[Sequence[float]]) -> tuple[float, ...] | None:
    """The mean cumulative curve of days of equally spaced volumes; None without one."""
    curves = [_cumulative(day) for day in days if sum(day) > 0]
    if not curves:
        return None
    return tuple(sum(column) / len(curves) for column in zip(*curves, strict=True))


def _cumulative(volumes: Sequence[float]) -> list[float]:
    total = sum(volumes)
    return [sum(volumes[: n + 1]) / total for n in range(len(volumes))]
