"""Realised volatility of short bars: their moves, and the tercile of the newest window.

DOMAIN 3.19. A move is the log return of one bar, the first of a session from its own open: a night
is no five minutes. The regime is what a strategy reads and what discovery reports.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.market import Bar

_TERCILES = ("LOW", "NORMAL", "HIGH")


def moves(bars: Sequence[Bar]) -> list[float]:
    """Log return of every bar but the first, of bars of regular hours, oldest first."""
    found = []
    session = calendar.current(bars[0].open_at) if bars else None
    for before, bar in pairwise(bars):
        base = before.close
        if session is None or not session.contains(bar.open_at):
            session, base = calendar.current(bar.open_at), bar.open
        found.append(math.log(bar.close / base))
    return found


def regime(bars: Sequence[Bar], window: int, history: int) -> str | None:
    """Tercile of the deviation of the last `window` moves among those of the last bars."""
    if len(bars) < history:
        return None
    # The deviation of every window at once; `statistics` would take exact fractions of each.
    last = np.array(moves(bars[-history:]))
    spreads = np.lib.stride_tricks.sliding_window_view(last, window).std(axis=1)
    rank = float((spreads < spreads[-1]).mean())
    return _TERCILES[min(len(_TERCILES) - 1, int(rank * len(_TERCILES)))]
