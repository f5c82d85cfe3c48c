"""Bars of options, read off the surface, and volatility bars of stocks (pure).

An option's bar looks at its quotes at the start, in the middle and at the end; its trades are
what customers traded meanwhile. Volatility bars are daily: what options imply at the close, and
what the last thirty closes realised, both per year.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.gateway.simulated.bars import Bar
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.panels import panels_of

_YEAR = 252
_REALIZED_SESSIONS = 30
IMPLIED, REALIZED = "OPTION_IMPLIED_VOLATILITY", "HISTORICAL_VOLATILITY"


def of_session(
    market: Market, con_id: int, session: Session, seconds: int, span: range, what: str
) -> Iterator[Bar]:
    """Bars of one option over these seconds of a session."""
    (panel,) = panels_of([con_id])

    def look(second: int) -> tuple[float, int]:
        quoted = market.options(panel, session.open_at + timedelta(seconds=second))
        bid, ask = float(quoted.bid[0]), float(quoted.ask[0])
        last = float(quoted.last[0])
        price = {"BID": bid, "ASK": ask, "TRADES": last}.get(what, (bid + ask) / 2)
        return round(price, 4), int(quoted.volume[0])

    before = look(span.start)
    for first in range(span.start, span.stop, seconds):
        last = min(first + seconds, span.stop)
        middle, end = look((first + last) // 2), look(last - 1)
        seen = (before[0], middle[0], end[0])
        traded = end[1] - before[1] if what == "TRADES" else 0
        wap = round(sum(seen) / len(seen), 4)
        at = session.open_at + timedelta(seconds=first)
        count = min(traded, 1 + traded // 5)
        yield Bar(at, seen[0], max(seen), min(seen), seen[-1], traded, wap, count)
        before = end


def volatility(market: Market, name: str, session: Session, what: str) -> Bar:
    """The daily bar of a volatility per year."""
    tapes = market.tapes
    if what == IMPLIED:
        distance = np.log(
            tapes.close(name, session.date) / tapes.levels.central(name, session.date)
        )
        level = float(np.clip(np.exp(-market.surface.settings.leverage * distance), 0.4, 3.0))
        value = tapes.stock(name).daily_vol_frac * level
    else:
        closes = np.log([tapes.close(name, day) for day in _days(session)])
        value = float(np.std(np.diff(closes), ddof=1))
    value = round(value * _YEAR**0.5, 6)
    return Bar(session.open_at, value, value, value, value, 0, value, 0)


def _days(session: Session) -> list[date]:
    found = [session.date]
    while len(found) <= _REALIZED_SESSIONS:
        found.append(calendar.previous_session(found[-1]).date)
    return found[::-1]
