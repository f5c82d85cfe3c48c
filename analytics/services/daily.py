"""What past sessions say of a symbol: average volume, the close before, beta to the market."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from analytics import parameters
from analytics.calculators import hedging, volume_curve
from analytics.services import heard
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.market import Bar
from quanticity.store import market

MARKET = "SPY"
_MIN_BETA_DAYS = 20
_BETA_DAYS = 60


def adv_usd(symbol: str) -> float | None:
    """Average daily dollar volume of the last full sessions."""
    settings = section("analytics.hedging", hedging.Settings)
    days = [bar.volume * (bar.wap or bar.close) for bar in _full(symbol)]
    return hedging.average_daily_usd(days, settings)


def adv_shares(symbol: str) -> float | None:
    """Average daily shares of the last full sessions."""
    settings = section("analytics.hedging", hedging.Settings)
    return hedging.average_daily_usd([bar.volume for bar in _full(symbol)], settings)


def previous_close(symbol: str) -> float | None:
    """Close of the session before today's."""
    today = calendar.session_date(clock.now())
    closes = [bar.close for bar in market.bars(symbol, "1day") if day(bar) < today]
    return closes[-1] if closes else None


def volume_today(symbol: str) -> volume_curve.Heard | None:
    """Shares traded in the running session, by its closed minutes; None before the first one."""
    now = clock.now()
    session = calendar.current(now)
    if session is None:
        return None
    return volume_curve.heard(
        market.bars(symbol, "1min"), _curve(symbol, session), session, now - heard.BAR_LATE
    )


def beta(symbol: str) -> float | None:
    """Slope of daily log returns on the market's, over the days both have."""
    if symbol == MARKET:
        return 1.0
    ours, theirs = closes(symbol), closes(MARKET)
    both = sorted(set(ours) & set(theirs))[-_BETA_DAYS - 1 :]
    if len(both) <= _MIN_BETA_DAYS:
        return None
    y = np.diff(np.log([ours[each] for each in both]))
    x = np.diff(np.log([theirs[each] for each in both]))
    return float(np.cov(x, y)[0, 1] / np.var(x, ddof=1)) if np.var(x) > 0 else None


def closes(symbol: str) -> dict[date, float]:
    """Close by session, oldest first."""
    return {day(bar): bar.close for bar in market.bars(symbol, "1day")}


def share_of_day_done(symbol: str) -> float | None:
    """Share of a day's volume usually done by now: the symbol's own curve, else the default."""
    now = clock.now()
    session = calendar.current(now)
    if session is None:
        return None
    minutes = session.rth_s / 60
    return volume_curve.share_done(
        _curve(symbol, session), session.minutes_since_open(now), minutes
    )


def day(bar: Bar) -> date:
    """The session a bar belongs to."""
    return bar.open_at.astimezone(clock.NEW_YORK).date()


def _curve(symbol: str, session: calendar.Session) -> Sequence[float]:
    name = "volume_curve_half" if session.is_half_day else "volume_curve"
    usual = volume_curve.default(session, section("analytics.volume_curve", volume_curve.Settings))
    return parameters.curve(symbol, name) or usual


def _full(symbol: str) -> list[Bar]:
    return [
        bar for bar in market.bars(symbol, "1day") if not calendar.session(day(bar)).is_half_day
    ]
