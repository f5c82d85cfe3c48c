"""The truth that analytics only estimates: dealers' book, trade sides, exposures (pure).

Of one underlying at an instant, contract by contract: what dealers hold against the market's
customers (our own account is no customer of theirs), true volatilities, what was bought and what
was sold. Totals follow the signs and units of the exposures they grade: > 0 is long.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from quanticity.domain import calendar
from quanticity.gateway.simulated import listing, surface
from quanticity.gateway.simulated.indexes import parent
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.noise import Counts, Floats
from quanticity.gateway.simulated.panels import Panel
from quanticity.gateway.simulated.prices import TICK

_MULTIPLIER = 100
_HALF_POINT = 0.005  # half a volatility point
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Columns of a panel, one entry per contract; `stretch` is the flow now: +1 up, -1 down."""

    at: datetime
    panel: Panel
    spot: float
    stretch: int
    dealers: Counts
    settled_interest: Counts
    live_interest: Counts
    bought: Counts
    sold: Counts
    fair: surface.Valuation
    years: Floats


@dataclass(frozen=True, slots=True)
class Totals:
    """What the dealers' book is exposed to; dollars, as DOMAIN 3.1 and 3.4 define them."""

    gex_usd_per_1pct: float
    dex_usd: float
    vex_usd_per_volpt: float
    charm_to_close_usd: float


@dataclass(frozen=True, slots=True)
class OptionPrint:
    """Contracts of one series that customers traded in one second; side +1 bought, -1 sold."""

    at: datetime
    con_id: int
    side: int
    size: int
    price: float


def of(market: Market, panel: Panel, at: datetime) -> Truth:
    """The truth about a panel now."""
    at = market.effective(at)
    quoted, tape = market.options(panel, at), market.tapes.at(parent(panel.symbol.name), at)
    return Truth(
        at,
        panel,
        quoted.spot,
        int(tape.flow[tape.second(at)]),
        market.customers.dealers(panel, at),
        market.open_interest(panel, at),
        market.customers.live_interest(panel, at),
        quoted.bought,
        quoted.sold,
        quoted.fair,
        _years(panel, at),
    )


def totals(market: Market, truth: Truth, *, most_days: int = 30, least_interest: int = 5) -> Totals:
    """Exposures of the contracts within a horizon that have open interest."""
    today = calendar.session_date(truth.at)
    near = np.array([(day - today).days <= most_days for day in truth.panel.expiries])
    counted = near[truth.panel.expiry] & (truth.settled_interest >= least_interest)
    held = np.where(counted, truth.dealers, 0) * _MULTIPLIER
    spot, fair = truth.spot, truth.fair
    higher = _delta(market, truth, truth.years, fair.iv + _HALF_POINT)
    lower = _delta(market, truth, truth.years, np.maximum(fair.iv - _HALF_POINT, 1e-4))
    close = calendar.session(today).close_at
    left = max((close - truth.at).total_seconds(), 0) / calendar.SECONDS_PER_YEAR
    later = _delta(market, truth, np.maximum(truth.years - left, 0), fair.iv)
    return Totals(
        gex_usd_per_1pct=float(np.sum(held * fair.gamma)) * spot**2 * 0.01,
        dex_usd=float(np.sum(held * fair.delta)) * spot,
        vex_usd_per_volpt=float(np.sum(held * (higher - lower))) * spot,
        charm_to_close_usd=float(np.sum(held * (later - fair.delta))) * spot,
    )


def option_prints(
    market: Market, panel: Panel, after: datetime, until: datetime
) -> Iterator[OptionPrint]:
    """Customers' trades in (after, until], second by second, oldest first."""
    at = after.replace(microsecond=0)
    before = market.customers.traded(panel, at)
    while (at := at + _SECOND) <= until:
        now = market.customers.traded(panel, at)
        moved = np.flatnonzero((now[0] > before[0]) | (now[1] > before[1]))
        if len(moved):
            quoted = market.options(panel, at)
            for n in moved.tolist():
                # What has no bid is sold for the least price there is.
                for side, price in ((0, quoted.ask), (1, np.maximum(quoted.bid, TICK))):
                    size = int(now[side][n] - before[side][n])
                    if size:
                        con_id = int(panel.con_ids[n])
                        yield OptionPrint(at, con_id, 1 - 2 * side, size, float(price[n]))
        before = now


def _years(panel: Panel, at: datetime) -> Floats:
    settles = listing.settlement(panel.symbol)
    left = [calendar.seconds_to(at, calendar.settlement_at(day, settles)) for day in panel.expiries]
    return np.array(left)[panel.expiry] / calendar.SECONDS_PER_YEAR


# Delta of every contract at a volatility of its own; the smile moves with its strike.
def _delta(market: Market, truth: Truth, years: Floats, iv: Floats) -> Floats:
    panel = truth.panel
    series = surface.Series(panel.strike, panel.sign, years, iv * iv * np.maximum(years, 1e-9))
    dividend = market.tapes.stock(parent(panel.symbol.name)).dividend_yield
    settings = surface.flat(market.surface.settings)
    european = panel.symbol.european
    return surface.value(truth.spot, series, dividend, settings, european=european).delta
