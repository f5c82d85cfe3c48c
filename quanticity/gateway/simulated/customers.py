"""Option customers: what they buy and sell, and the dealers' book that absorbs it (pure).

Of the open interest of a series customers are net long a known share: they sell calls of funds and
indexes against stock, buy calls of single names, and buy puts. A session trades at least what the
change of these holdings needs. What is bought follows stretches of one-sided flow (calls while the
underlying is pressed up, puts while it is pressed down) and ends the session at the next one's
holdings to the contract, so dealers' positions are continuous: they are the truth of gradings.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from quanticity.domain import calendar
from quanticity.gateway.simulated import interest
from quanticity.gateway.simulated.indexes import parent
from quanticity.gateway.simulated.noise import Counts, Floats, name_key, uniform
from quanticity.gateway.simulated.panels import Panel
from quanticity.gateway.simulated.prices import Tape, Tapes

_TODAY, _NEXT, _LATER = 4.0, 1.2, 0.25  # turnover of open interest by sessions to expiry
_ROOM = 1.25  # least volume over the change of holdings
_PRESSED = 0.7  # how much a one-sided stretch tilts what is bought
_FUND_CALLS, _STOCK_CALLS, _PUTS = -0.35, 0.15, 0.45  # customers' share of open interest
_SPREAD, _SWING, _SWING_DAYS = 0.5, 0.2, 37
_HOLDING_SALT, _LAST_DAY_SALT = 13, 17
_MOST_KEPT = 64


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A panel's session, one entry per contract: contracts bought and sold, and their rhythm.

    `held` is what customers hold at the open, `tilt` in [-1, 1] the steady lean to buying, `press`
    the answer to a stretch: + buys when the underlying is pressed up.
    """

    held: Counts
    interest: Counts
    next_interest: Counts
    bought: Counts
    sold: Counts
    tilt: Floats
    press: Floats


class Customers:
    """Plans sessions on demand and keeps the latest."""

    def __init__(self, tapes: Tapes) -> None:
        self._tapes = tapes
        self._kept: OrderedDict[tuple[Panel, date], Plan] = OrderedDict()

    def plan(self, panel: Panel, day: date) -> Plan:
        """What the session holds for these series."""
        key = (panel, day)
        if key not in self._kept:
            self._kept[key] = self._make(panel, day)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def traded(self, panel: Panel, at: datetime) -> tuple[Counts, Counts]:
        """Contracts that customers have bought and sold so far in the session."""
        tape = self._tapes.at(parent(panel.symbol.name), at)
        plan, so_far = self.plan(panel, tape.session.date), self._tapes.so_far(tape)
        second = tape.second(at)
        steady, pressed = so_far.steady[second], so_far.pressed[second]
        end = so_far.pressed[-1]
        sides = []
        for whole, way in ((plan.bought, 1.0), (plan.sold, -1.0)):
            lean, push = 1 + way * plan.tilt, way * plan.press * (1 - np.abs(plan.tilt))
            done = (steady * lean + pressed * push) / np.maximum(lean + end * push, 1e-9)
            sides.append(np.floor(whole * done + 1e-9).astype(np.int64))
        return sides[0], sides[1]

    def dealers(self, panel: Panel, at: datetime) -> Counts:
        """Signed contracts that dealers hold: the other side of all customers."""
        day = self._tapes.at(parent(panel.symbol.name), at).session.date
        bought, sold = self.traded(panel, at)
        return -(self.plan(panel, day).held + bought - sold)

    def live_interest(self, panel: Panel, at: datetime) -> Counts:
        """Open interest by now: from the settled figure to the next one as volume goes."""
        tape = self._tapes.at(parent(panel.symbol.name), at)
        plan, so_far = self.plan(panel, tape.session.date), self._tapes.so_far(tape)
        change: Floats = (plan.next_interest - plan.interest) * so_far.steady[tape.second(at)]
        found: Counts = plan.interest + np.rint(change).astype(np.int64)
        return found

    def buying(self, panel: Panel, at: datetime) -> Floats:
        """Share of what trades at this instant that customers buy."""
        tape = self._tapes.at(parent(panel.symbol.name), at)
        plan = self.plan(panel, tape.session.date)
        push = plan.press * (1 - np.abs(plan.tilt)) * float(tape.flow[tape.second(at)])
        share: Floats = np.clip((1 + plan.tilt + push) / 2, 0, 1)
        return share

    def _make(self, panel: Panel, day: date) -> Plan:
        after = calendar.next_session(day).date
        now, then = (interest.settled(self._tapes, panel, one) for one in (day, after))
        held, holding = _held(panel, now, day), _held(panel, then, after)
        last = np.array([expiry <= day for expiry in panel.expiries])[panel.expiry]
        recorded = interest.traded(self._tapes, panel, day)
        volume = _volume(panel, now, day) if recorded is None else recorded
        # On its last day a series has no tomorrow to arrive at.
        drift = 0.6 * (uniform(panel.con_ids, _LAST_DAY_SALT) - 0.5)
        net = np.where(last, np.rint(volume * drift).astype(np.int64), holding - held)
        then = np.where(last, now, then)
        needed = _ROOM * np.maximum(np.abs(net), np.abs(then - now))
        whole = np.maximum(volume, np.ceil(needed)).astype(np.int64)
        whole += (whole - net) % 2
        press = _PRESSED * panel.sign
        pressed = self._tapes.so_far(self._tape(panel, day)).pressed[-1]
        share = net / np.maximum(whole, 1)
        lean = press * pressed
        # The lean that ends at `share` although stretches alone would end at `lean`.
        tilt = np.where(share >= lean, (share - lean) / (1 - lean), (share - lean) / (1 + lean))
        return Plan(held, now, then, (whole + net) // 2, (whole - net) // 2, tilt, press)

    def _tape(self, panel: Panel, day: date) -> Tape:
        return self._tapes.of(parent(panel.symbol.name), calendar.session(day))


# Contracts of a series that customers hold at the open of a day, net.
def _held(panel: Panel, settled: Counts, day: date) -> Counts:
    calls = _STOCK_CALLS if panel.symbol.stock_type == "COMMON" else _FUND_CALLS
    share = np.where(panel.sign > 0, calls, _PUTS)
    share = share + _SPREAD * (uniform(panel.con_ids, _HOLDING_SALT) - 0.5)
    phase = name_key(panel.symbol.name) % 100 / 100
    swing = np.sin(2 * np.pi * (day.toordinal() / _SWING_DAYS + phase))
    held: Counts = np.rint(settled * (share + _SWING * swing)).astype(np.int64)
    return held


# Contracts of a series that trade in a session: open interest turned over by nearness of expiry.
def _volume(panel: Panel, settled: Counts, day: date) -> Counts:
    ahead = interest.sessions_ahead(panel, day)
    turnover = np.where(ahead <= 0, _TODAY, np.where(ahead == 1, _NEXT, _LATER))
    noise = 0.5 + uniform(panel.con_ids, day.toordinal())
    return (settled * turnover * noise).astype(np.int64)
