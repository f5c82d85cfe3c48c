"""Daily closing prices: a seeded walk around a central price, or what was recorded (pure).

The log level of a close is a sum of past sessions' shocks that fade, so it reverts to the central
price and can be had for any session without walking there. Recorded sessions have their own
closes; seeded sessions around them are moved to that level, so that prices join.
"""

import zlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from quanticity.domain import calendar

Floats = NDArray[np.float64]

_EPOCH = datetime(2019, 1, 2, 15, tzinfo=UTC)
_BEFORE_EPOCH, _AFTER_EPOCH = 3600, 4000
_MEMORY_SESSIONS = 500


@dataclass(frozen=True, slots=True)
class Habit:
    """What a symbol's level is made of; `shock_sd` per session, `market_share` a correlation."""

    central_usd: float
    shock_sd: float
    market_share: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """First and last price of a recorded session."""

    day: date
    open: float
    close: float


class Levels:
    """Closes of every symbol and session."""

    def __init__(self, seed: int, reversion: float, habits: Mapping[str, Habit]) -> None:
        self._seed = seed
        self._habits = habits
        self._fading = (1 - reversion) ** np.arange(_MEMORY_SESSIONS + 1)[::-1]
        self._shocks: dict[str, Floats] = {}
        self._recorded: dict[str, list[Recorded]] = {}

    def close(self, symbol: str, day: date) -> float:
        """The session's official closing price in dollars."""
        for recorded in self._recorded.get(symbol, ()):
            if recorded.day == day:
                return round(recorded.close, 2)
        return round(self.central(symbol, day) * float(np.exp(self._level(symbol, day))), 2)

    def central(self, symbol: str, day: date) -> float:
        """The price around which the seeded closes of that time move."""
        recorded = self._recorded.get(symbol, [])
        if not recorded:
            return self._habits[symbol].central_usd
        place = bisect_right([one.day for one in recorded], day)
        if place:
            joint, at = recorded[place - 1].close, recorded[place - 1].day
        else:
            joint, at = recorded[0].open, calendar.previous_session(recorded[0].day).date
        return joint / float(np.exp(self._level(symbol, at)))

    def record(self, symbol: str, recorded: Recorded) -> None:
        """Take a recorded session's prices."""
        known = [one for one in self._recorded.get(symbol, []) if one.day != recorded.day]
        self._recorded[symbol] = sorted([*known, recorded], key=lambda one: one.day)

    def _level(self, symbol: str, day: date) -> float:
        last = calendar.sessions_to(day, _EPOCH) + _BEFORE_EPOCH + _MEMORY_SESSIONS
        shocks = self._daily_shocks(symbol)[last - _MEMORY_SESSIONS : last + 1]
        return float(shocks @ self._fading)

    def _daily_shocks(self, symbol: str) -> Floats:
        if symbol not in self._shocks:
            habit = self._habits[symbol]
            mixed = mix(habit.market_share, self._walk("market"), self._walk(symbol))
            self._shocks[symbol] = habit.shock_sd * mixed
        return self._shocks[symbol]

    # One shock per session, from the calendar's first year to its last.
    def _walk(self, name: str) -> Floats:
        past = generator(self._seed, "daily before", name).standard_normal(_BEFORE_EPOCH)
        return np.concatenate(
            [past[::-1], generator(self._seed, "daily", name).standard_normal(_AFTER_EPOCH)]
        )


def generator(seed: int, *key: object) -> np.random.Generator:
    """A generator of its own for one named purpose."""
    text = "|".join(str(part) for part in (seed, *key))
    return np.random.default_rng(zlib.crc32(text.encode()))


def mix(share: float, market: Floats, own: Floats) -> Floats:
    """Normals that correlate with the market by `share`."""
    return share * market + float(np.sqrt(1 - share**2)) * own
