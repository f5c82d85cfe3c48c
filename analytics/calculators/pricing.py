"""One chain, priced: admission, forwards, volatilities and Greeks in one pass (DOMAIN 1.6, 2).

Everything computed from a chain (exposures, flips, flows, skew) starts from `Priced`: columns of
contracts that each have one volatility (see `volatilities`), and the Greeks at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import black_scholes, compiled, forward, implied_vol, volatilities
from analytics.calculators.black_scholes import Greeks
from analytics.calculators.forward import Forwards
from analytics.calculators.implied_vol import QuoteSolution
from analytics.calculators.volatilities import Volatilities
from analytics.ingestion import admission
from quanticity.domain.options import Chain, Expiry, Flag
from quanticity.domain.readings import Unavailable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_NEAR_S = 86_400  # nearer to settlement than this, charm is a finite difference


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """Contracts with one volatility each, as columns, and their Greeks.

    right +1/-1, strike in dollars, open_interest in contracts, t in years; sigma is NaN where
    nothing is known. `admitted` rows have a believable quote of their own; [sigma_low,
    sigma_high] is the interval of their bid and ask. `charm_per_day` follows the near-expiry
    rule; `expiry_idx` points into `expiries`, `strike_at` into `strikes` (distinct, ascending);
    `starts` are the rows where another expiry begins, and the end. `untold` rows have an open
    interest that their feed has not told: 0 here, and a gap in the coverage.
    """

    spot: float
    multiplier: int
    european: bool
    expiries: tuple[Expiry, ...]
    right: Floats
    strike: Floats
    open_interest: Floats
    expiry_idx: Ints
    t: Floats
    r: Floats
    q: Floats
    sigma: Floats
    sigma_low: Floats
    sigma_high: Floats
    admitted: Bools
    greeks: Greeks
    charm_per_day: Floats
    strikes: Floats
    strike_at: Ints
    starts: Ints
    untold: Bools

    def column(self, name: str) -> Ints:
        """An attribute of each row's expiry, e.g. `dte_cal`."""
        return np.array([getattr(e, name) for e in self.expiries])[self.expiry_idx]


@dataclass(frozen=True, slots=True, eq=False)
class PricedChain:
    """A chain with everything that was decided about each of its rows."""

    chain: Chain
    forwards: Forwards
    partner: Ints
    iv: QuoteSolution
    volatilities: Volatilities
    priced: Priced
    arbitrage_share: float | None

    @property
    def flags(self) -> Ints:
        """Admission failures per row."""
        return self.volatilities.flags


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the steps, each documented where it is used."""

    admission: admission.Settings
    forward: forward.Settings


def compute(
    chain: Chain,
    settings: Settings,
    *,
    r: float | None = None,
    q: float | None = None,
    since_open_s: float | None = None,
    spot_is_certain: bool = False,
    last: PricedChain | None = None,
) -> PricedChain | Unavailable:
    """Price one chain; unavailable when it is empty or has no spot and no pair to imply it.

    `r` and `q` replace the configured rate and yield; `since_open_s` is the age of the regular
    session, None outside it. `last` is an earlier answer: where it lists the same contracts, their
    volatilities are where the solver begins.
    """
    if not len(chain) or chain.multiplier <= 0:
        detail = f"{len(chain)} contracts of multiplier {chain.multiplier}"
        return Unavailable("chain", "NO_DATA", detail)
    rate = settings.forward.flat_r if r is None else r
    carry = settings.forward.dividend_yield(chain.underlying) if q is None else q
    flags = admission.quote_flags(chain, settings.admission, since_open_s=since_open_s)
    chain = admission.without_sentinels(chain)
    partner = admission.pairs(chain)
    mids = forward.pair_up(chain, partner, flags == 0)
    found = forward.compute(
        chain, mids, settings.forward, r=rate, q=carry, spot_is_certain=spot_is_certain
    )
    if found is None:
        return Unavailable("chain", "NO_QUOTE", "no spot, and no pair of quotes implies one")
    contracts = _contracts(chain, found)
    iv = implied_vol.of_quotes(
        chain.bid,
        chain.ask,
        contracts,
        stale=flags & Flag.Q_STALE,
        wide=flags & Flag.Q_WIDE,
        last=last.iv if last is not None and _is_same_listing(chain, last.chain) else None,
    )
    flags = flags | admission.arbitrage_flags(
        chain, flags == 0, _market(chain, found, contracts), settings.admission
    )
    chosen = volatilities.compute(chain, found.forward, partner, flags, iv, settings.admission)
    return PricedChain(
        chain,
        found,
        partner,
        iv,
        chosen,
        _priced(chain, found, contracts, chosen),
        _arbitrage_share(chain, chosen.flags),
    )


def from_columns(  # noqa: PLR0913 - one argument per column
    *,
    spot: float,
    multiplier: int,
    expiries: tuple[Expiry, ...],
    right: Floats,
    strike: Floats,
    open_interest: Floats,
    expiry_idx: Ints,
    sigma: Floats,
    r: Floats,
    q: Floats,
    sigma_low: Floats | None = None,
    sigma_high: Floats | None = None,
    admitted: Bools | None = None,
    european: bool = False,
) -> Priced:
    """Put Greeks beside contracts whose volatilities are known; one kernel call for all."""
    t_s = np.array([e.t_s for e in expiries])[expiry_idx]
    t = black_scholes.years(t_s)
    greeks = compiled.greeks(right, spot, strike, t, sigma, r, q)
    charm, near = greeks.charm_per_day.copy(), t_s < _NEAR_S
    charm[near] = black_scholes.charm_decay(
        right[near], spot, strike[near], t[near], sigma[near], r[near], q[near]
    )
    strikes, strike_at = np.unique(strike, return_inverse=True)
    return Priced(
        spot,
        multiplier,
        european,
        expiries,
        right,
        strike,
        np.maximum(open_interest, 0.0),
        expiry_idx,
        t,
        r,
        q,
        sigma,
        sigma if sigma_low is None else sigma_low,
        sigma if sigma_high is None else sigma_high,
        np.ones(len(strike), dtype=bool) if admitted is None else admitted,
        greeks,
        charm,
        strikes,
        strike_at,
        compiled.runs(t, r, q),
        open_interest < 0,
    )


def _is_same_listing(chain: Chain, before: Chain) -> bool:
    """Same contracts in the same order."""
    return (
        len(chain) == len(before)
        and [(e.expiry_date, e.root) for e in chain.expiries]
        == [(e.expiry_date, e.root) for e in before.expiries]
        and np.array_equal(chain.strike, before.strike, equal_nan=True)
        and np.array_equal(chain.right, before.right)
        and np.array_equal(chain.expiry_idx, before.expiry_idx)
    )


def _contracts(chain: Chain, found: Forwards) -> implied_vol.Contracts:
    t = black_scholes.years([e.t_s for e in chain.expiries])
    at = chain.expiry_idx
    return implied_vol.Contracts.of(
        chain.right,
        found.spot,
        chain.strike,
        t[at],
        found.r[at],
        found.q[at],
        american=not chain.european,
    )


def _market(chain: Chain, found: Forwards, contracts: implied_vol.Contracts) -> admission.Market:
    # The given spot and the quotes may be minutes apart, or an ex-dividend day: either may hold.
    said = (found.spot, found.implied_spot, found.header_spot, chain.spot_low, chain.spot_high)
    candidates = [s for s in said if s is not None]
    growing = np.maximum(contracts.q, 0.0) * contracts.t
    return admission.Market(
        min(candidates),
        max(candidates),
        found.forward[chain.expiry_idx],
        found.market_discount[chain.expiry_idx],
        found.spot * -np.expm1(-growing),
    )


def _priced(
    chain: Chain,
    found: Forwards,
    contracts: implied_vol.Contracts,
    chosen: Volatilities,
) -> Priced:
    return from_columns(
        spot=found.spot,
        multiplier=chain.multiplier,
        expiries=chain.expiries,
        right=chain.right.astype(float),
        strike=chain.strike,
        open_interest=chain.open_interest.astype(float),
        expiry_idx=chain.expiry_idx,
        sigma=chosen.sigma,
        r=contracts.r,
        q=contracts.q,
        sigma_low=chosen.sigma_low,
        sigma_high=chosen.sigma_high,
        admitted=chosen.admitted,
        european=chain.european,
    )


def _arbitrage_share(chain: Chain, flags: Ints) -> float | None:
    """Open-interest-weighted share of rows with an arbitrage flag; None without any interest."""
    arbitrage = Flag.A_BOUND | Flag.A_PARITY | Flag.A_VERTICAL | Flag.A_CONVEX | Flag.A_CALENDAR
    interest = np.maximum(chain.open_interest, 0)
    total = float(interest.sum())
    return float(interest[flags & int(arbitrage) != 0].sum()) / total if total else None
