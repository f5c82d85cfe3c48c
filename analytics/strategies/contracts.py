"""Which listed contract to buy for a decision: call for +1, put for -1 (DOMAIN 5.8).

Expiry by rule, candidates by delta, each candidate through the same checks, the best score among
those that pass. A contract chosen a short while ago is kept while it still passes, unless the
expiry changed or spot has clearly moved on. What fails says why, by code.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.market import Quote
from quanticity.domain.options import Chain, Expiry
from quanticity.domain.signals import Candidate, Gate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_UNKNOWN = -1
_QUOTED = ("bid", "ask", "bid_size", "ask_size", "quote_epoch_ms")
# A limit is met by what differs from it only in the last bits.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Settings:
    """Expiry rule, delta, liquidity, hysteresis."""

    min_dte_sess: int
    max_dte_sess: int
    min_dte_cal: int
    max_dte_cal: int
    target_dte_cal: int
    target_delta: float
    delta_band: float
    tick_price: float
    max_spread_ticks: float
    max_spread_frac: float
    min_open_interest: int
    min_volume: int
    min_premium_price: float
    max_premium_price: float
    max_quote_age_s: float
    min_ask_size: int
    keep_s: float
    switch_strikes: int
    switch_spacing_frac: float


@dataclass(frozen=True, slots=True)
class Listing:
    """A chain with what our own arithmetic knows of each of its contracts, in chain order."""

    chain: Chain
    delta: Floats
    iv: Floats
    admitted: Bools


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen before for the same strategy, symbol and direction."""

    contract: OptionContract
    chosen_at: datetime


@dataclass(frozen=True, slots=True)
class NoContract:
    """Nothing listed will do: codes sorted, and the checks of the best that failed."""

    reasons: tuple[str, ...]
    checks: tuple[Gate, ...] = field(default=())


def candidates(listing: Listing, direction: int, settings: Settings, at: datetime) -> list[str]:
    """OCC codes near the target delta: those whose own quotes are worth asking for."""
    expiry = _expiry(listing.chain.expiries, settings)
    if expiry is None:
        return []
    search = _Search(listing, direction, settings, at, _listed(listing.chain, expiry, direction))
    return [str(listing.chain.occ[row]) for row in search.near_delta()]


def quoted(listing: Listing, quotes: Mapping[str, Quote]) -> Listing:
    """The same listing with contracts' own quotes where they are later than the chain's row."""
    chain = listing.chain
    columns = {name: getattr(chain, name).copy() for name in _QUOTED}
    for row in np.flatnonzero(np.isin(chain.occ, list(quotes))):
        quote = quotes[str(chain.occ[row])]
        stood_ms = int(chain.quote_epoch_ms[row])
        if stood_ms == _UNKNOWN:
            stood_ms = int(chain.as_of.timestamp() * 1000)
        told_ms = int(quote.event_at.timestamp() * 1000)
        if told_ms > stood_ms and quote.bid and quote.ask:
            told = (quote.bid, quote.ask, quote.bid_size or 0, quote.ask_size or 0, told_ms)
            for name, value in zip(_QUOTED, told, strict=True):
                columns[name][row] = value
    return replace(listing, chain=replace(chain, **columns))


def select(
    listing: Listing, direction: int, settings: Settings, previous: Choice | None, at: datetime
) -> Candidate | NoContract:
    """Choose one contract of this chain at this instant."""
    expiry = _expiry(listing.chain.expiries, settings)
    if expiry is None:
        return NoContract(("C_EXPIRY",))
    search = _Search(listing, direction, settings, at, _listed(listing.chain, expiry, direction))
    rows = search.near_delta()
    if not rows:
        return NoContract(("C_DELTA",))
    best_first = sorted(rows, key=search.rank)
    checks = {row: search.checks(row) for row in best_first}
    passing = [row for row in best_first if _all_pass(checks[row])]
    if not passing:
        failed = {gate.code for gates in checks.values() for gate in gates if not gate.passed}
        return NoContract(tuple(sorted(failed)), checks[best_first[0]])
    return search.candidate(search.kept(passing[0], previous))


def _expiry(expiries: tuple[Expiry, ...], settings: Settings) -> date | None:
    fitting = [
        expiry
        for expiry in expiries
        if settings.min_dte_sess <= expiry.dte_sess <= settings.max_dte_sess
        and settings.min_dte_cal <= expiry.dte_cal <= settings.max_dte_cal
        and not expiry.root[-1].isdigit()
    ]
    # Nearest to the target; the later one of two equally near.
    best = min(
        fitting,
        key=lambda e: (abs(e.dte_cal - settings.target_dte_cal), -e.dte_cal),
        default=None,
    )
    return None if best is None else best.expiry_date


def _listed(chain: Chain, expiry: date, direction: int) -> Bools:
    wanted = [
        index
        for index, each in enumerate(chain.expiries)
        if each.expiry_date == expiry and not each.root[-1].isdigit()
    ]
    listed: Bools = np.isin(chain.expiry_idx, wanted) & (chain.right == direction)
    return listed


def _at_least(code: str, count: int, least: int) -> Gate:
    """A gate on a count; what the feed has not told is no number, and does not pass."""
    return Gate(code, count if count >= 0 else None, least, count >= least)


def _all_pass(gates: tuple[Gate, ...]) -> bool:
    return all(gate.passed for gate in gates)


@dataclass(frozen=True, slots=True)
class _Search:
    # One search: the listing, what is wanted, and the rows of its expiry and right.
    listing: Listing
    direction: int
    settings: Settings
    at: datetime
    listed: Bools

    def near_delta(self) -> list[int]:
        """Rows that are admitted and near the target delta."""
        away = np.abs(np.abs(self.listing.delta) - self.settings.target_delta)
        near = self._admitted() & (away <= self.settings.delta_band + _ROUNDING)
        return [int(row) for row in np.flatnonzero(near)]

    def rank(self, row: int) -> tuple[float, int, float]:
        """Lowest is best: delta and spread, then open interest, then nearness to spot."""
        chain, settings = self.listing.chain, self.settings
        bid, ask = float(chain.bid[row]), float(chain.ask[row])
        away = abs(abs(float(self.listing.delta[row])) - settings.target_delta)
        spread_frac = (ask - bid) / ((ask + bid) / 2)
        points = away / settings.delta_band + spread_frac / settings.max_spread_frac
        return points, -int(chain.open_interest[row]), abs(float(chain.strike[row]) - self._spot())

    def checks(self, row: int) -> tuple[Gate, ...]:
        """Every liquidity check of one row, as it was seen."""
        chain, limit = self.listing.chain, self.settings
        bid, ask = float(chain.bid[row]), float(chain.ask[row])
        mid, spread = (bid + ask) / 2, ask - bid
        widest = max(limit.max_spread_ticks * limit.tick_price, limit.max_spread_frac * mid)
        interest, volume = int(chain.open_interest[row]), int(chain.volume[row])
        age_s, asked = self._age_s(row), int(chain.ask_size[row])
        premium = (limit.min_premium_price, limit.max_premium_price)
        return (
            Gate("C_SPREAD", spread, widest, bid > 0 and spread <= widest + _ROUNDING),
            _at_least("C_OI", interest, limit.min_open_interest),
            _at_least("C_VOLUME", volume, limit.min_volume),
            Gate("C_PREMIUM", mid, premium, premium[0] <= mid <= premium[1]),
            Gate("C_STALE", age_s, limit.max_quote_age_s, age_s <= limit.max_quote_age_s),
            Gate("C_SIZE", asked, limit.min_ask_size, asked >= limit.min_ask_size),
        )

    def kept(self, best: int, previous: Choice | None) -> int:
        """The row to take: the one chosen before while it holds, else the best."""
        before = self._row_of(previous)
        if before is None or not _all_pass(self.checks(before)):
            return best
        return best if self._has_moved_on(before, best) else before

    def candidate(self, row: int) -> Candidate:
        """The contract of one row with the quote it is chosen on."""
        chain = self.listing.chain
        return Candidate(
            contract=parse_occ(str(chain.occ[row])),
            multiplier=chain.multiplier,
            bid=Decimal(str(float(chain.bid[row]))),
            ask=Decimal(str(float(chain.ask[row]))),
            delta=float(self.listing.delta[row]),
            iv=float(self.listing.iv[row]),
            open_interest=int(chain.open_interest[row]),
            ask_size=int(chain.ask_size[row]),
            dte_sess=chain.expiries[int(chain.expiry_idx[row])].dte_sess,
            checks=self.checks(row),
        )

    def _admitted(self) -> Bools:
        known = np.isfinite(self.listing.delta) & np.isfinite(self.listing.iv)
        quoted = self.listing.chain.ask > 0
        return self.listed & self.listing.admitted & known & quoted

    def _row_of(self, previous: Choice | None) -> int | None:
        if previous is None:
            return None
        age_s = (self.at - previous.chosen_at).total_seconds()
        if not 0 <= age_s <= self.settings.keep_s:
            return None
        same = self._admitted() & (self.listing.chain.occ == previous.contract.occ)
        rows = np.flatnonzero(same)
        return int(rows[0]) if len(rows) else None

    def _has_moved_on(self, before: int, best: int) -> bool:
        chain, limit = self.listing.chain, self.settings
        old, new = float(chain.strike[before]), float(chain.strike[best])
        strikes = np.unique(chain.strike[self.listed])
        apart = abs(int(np.searchsorted(strikes, new)) - int(np.searchsorted(strikes, old)))
        passed = self.direction * (self._spot() - (old + new) / 2)
        return apart >= limit.switch_strikes or passed > limit.switch_spacing_frac * abs(new - old)

    def _spot(self) -> float:
        # Without a spot nothing is nearer to it, and it has passed nothing.
        spot = self.listing.chain.spot
        return math.nan if spot is None else spot

    def _age_s(self, row: int) -> float:
        # A vendor that stamps no quotes: as old as the chain.
        epoch_ms = int(self.listing.chain.quote_epoch_ms[row])
        if epoch_ms == _UNKNOWN:
            return (self.at - self.listing.chain.as_of).total_seconds()
        return self.at.timestamp() - epoch_ms / 1000
