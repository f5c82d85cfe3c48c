"""Settled open interest of option series, shaped like real chains (pure).

Heavy at the money and at round strikes, fading with distance in standard deviations, out-of-the-
money side above the in-the-money one.
"""

from datetime import date

import numpy as np

from quanticity.domain import calendar
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.indexes import parent
from quanticity.gateway.simulated.noise import Counts, Floats, uniform
from quanticity.gateway.simulated.panels import Panel
from quanticity.gateway.simulated.prices import Tapes

_FRIDAY = 4
_SHARES_PER_CONTRACT = 10_000
_INTEREST_SALT = 7
_LEAN_SALT = 11


def settled(tapes: Tapes, panel: Panel, day: date) -> Counts:
    """Open interest in contracts as published before the open, the same all day.

    What was recorded of the session, or of the one before, goes before what is made up.
    """
    for one in (day, calendar.previous_session(day).date):
        recorded = tapes.interest.get((panel.symbol.name, one))
        if recorded is not None:
            return _looked_up(panel, recorded[0], recorded[1])
    name = parent(panel.symbol.name)
    stock = tapes.stock(name)
    center = tapes.close(name, calendar.previous_session(day).date)
    center *= tapes.index_multiple(day) if panel.symbol.european else 1
    width = stock.daily_vol_frac * np.sqrt(np.maximum(sessions_ahead(panel, day), 0) + 4.0)
    x = panel.sign * np.log(panel.strike / center) / width
    shape = np.where(x >= 0, np.exp(-x / 1.5), np.exp(2.0 * x))
    weekly = np.array([1.8 if day.weekday() == _FRIDAY else 1.0 for day in panel.expiries])
    noise = np.exp(1.2 * (uniform(panel.con_ids, _INTEREST_SALT) - 0.5))
    scale = stock.adv_shares / _SHARES_PER_CONTRACT * weekly[panel.expiry]
    lean = np.where(panel.sign < 0, _put_lean(name, day), 1.0)
    return (scale * shape * noise * lean * _roundness(panel, center)).astype(np.int64)


def traded(tapes: Tapes, panel: Panel, day: date) -> Counts | None:
    """Recorded volume of a session, or None when nothing was recorded."""
    recorded = tapes.interest.get((panel.symbol.name, day))
    return None if recorded is None else _looked_up(panel, recorded[0], recorded[2])


def _looked_up(panel: Panel, con_ids: Counts, values: Counts) -> Counts:
    place = np.minimum(np.searchsorted(con_ids, panel.con_ids), len(con_ids) - 1)
    found: Counts = np.where(con_ids[place] == panel.con_ids, values[place], 0)
    return found


def sessions_ahead(panel: Panel, day: date) -> Floats:
    """Sessions from a day to each contract's expiry: 0 on its last."""
    opened = calendar.session(day).open_at
    ahead = [float(calendar.sessions_to(expiry, opened)) for expiry in panel.expiries]
    return np.array(ahead)[panel.expiry]


def _put_lean(name: str, day: date) -> float:
    """Puts held per call, 0.7 to 2.9 by day: dealers are short gamma on some days, as they are."""
    key = np.array([int.from_bytes(name.encode(), "big") % 2**31])
    return 0.7 + 2.2 * float(uniform(key, day.toordinal() + _LEAN_SALT)[0])


def _roundness(panel: Panel, center: float) -> Floats:
    step = float(listing.strike_step(panel.symbol, center))
    tens, fives = panel.strike % (10 * step) == 0, panel.strike % (5 * step) == 0
    times: Floats = np.where(tens, 3.0, np.where(fives, 2.0, 1.0))
    return times
