"""One chain, priced: admission, forwards, volatilities and Greeks in one pass (DOMAIN 1.6, 2).

Everything computed from a chain (exposures, flips, flows, skew) starts from `Priced`: columns of
contracts that each have one volatility, and the Greeks at it. A row's volatility is its own mid's
when the row is believable; an American in-the-money row takes its out-of-the-money twin's (its
own contains early exercise); what has open interest but no usable quote takes the smile's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import black_scholes, forward, implied_vol, smile
from analytics.calculators.black_scholes import Greeks
from analytics.calculators.forward import Forwards
from analytics.calculators.implied_vol import QuoteSolution
from analytics.calculators.smile import Smile
from analytics.ingestion import admission
from quanticity.domain.options import Chain, Expiry, Flag, IvStatus

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
    rule. `first_root` answers which rows belong to which of `expiries`.
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

    def column(self, name: str) -> Ints:
        """An attribute of each row's expiry, e.g. `dte_cal`."""
        return np.array([getattr(e, name) for e in self.expiries])[self.expiry_idx]


@dataclass(frozen=True, slots=True, eq=False)
class PricedChain:
    """A chain with everything that was decided about each of its rows."""

    chain: Chain
    forwards: Forwards
    smiles: tuple[Smile | None, ...]
    partner: Ints
    flags: Ints
    iv: QuoteSolution
    fitted: Bools
    out_of_the_money: Bools
    priced: Priced
    arbitrage_share: float | None


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
) -> PricedChain | None:
    """Price one chain; None when it has neither a spot nor one pair to imply it from.

    `r` and `q` replace the configured rate and yield; `since_open_s` is the age of the regular
    session, None outside it.
    """
    rate = settings.forward.flat_r if r is None else r
    carry = settings.forward.dividend_yield(chain.underlying) if q is None else q
    flags = admission.quote_flags(chain, settings.admission, since_open_s=since_open_s)
    partner = admission.pairs(chain)
    mids = forward.pair_up(chain, partner, flags == 0)
    found = forward.compute(
        chain, mids, settings.forward, r=rate, q=carry, spot_is_certain=spot_is_certain
    )
    if found is None:
        return None
    contracts = _contracts(chain, found)
    iv = implied_vol.of_quotes(
        chain.bid,
        chain.ask,
        contracts,
        stale=flags & Flag.Q_STALE,
        wide=flags & Flag.Q_WIDE,
    )
    flags = flags | admission.arbitrage_flags(
        chain, flags == 0, _market(chain, found, contracts), settings.admission
    )
    return _assemble(chain, settings, found, partner, flags, iv, contracts)


def from_columns(
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
    greeks = black_scholes.greeks(right, spot, strike, t, sigma, r, q)
    charm, near = greeks.charm_per_day.copy(), t_s < _NEAR_S
    charm[near] = black_scholes.charm_decay(
        right[near], spot, strike[near], t[near], sigma[near], r[near], q[near]
    )
    return Priced(
        spot,
        multiplier,
        european,
        expiries,
        right,
        strike,
        open_interest,
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


def _market(
    chain: Chain, found: Forwards, contracts: implied_vol.Contracts
) -> admission.Market:
    # The given spot and the quotes may be minutes apart, or an ex-dividend day: either may hold.
    candidates = [s for s in (found.spot, found.implied_spot, chain.spot) if s is not None]
    growing = np.maximum(contracts.q, 0.0) * contracts.t
    return admission.Market(
        min(candidates),
        max(candidates),
        found.forward[chain.expiry_idx],
        found.market_discount[chain.expiry_idx],
        found.spot * -np.expm1(-growing),
    )


def _assemble(
    chain: Chain,
    settings: Settings,
    found: Forwards,
    partner: Ints,
    flags: Ints,
    iv: QuoteSolution,
    contracts: implied_vol.Contracts,
) -> PricedChain:
    k = np.log(chain.strike / found.forward[chain.expiry_idx])
    otm = np.where(chain.right > 0, k >= 0, k < 0)
    own = (flags == 0) & (iv.status == IvStatus.OK)
    smiles = _smiles(chain, k, iv.iv_mid, otm & own)
    if chain.european:
        late = _calendar(chain, k, iv.iv_mid, otm & own, smiles, settings.admission)
        flags = flags | np.where(late, int(Flag.A_CALENDAR), 0)
        own &= ~late
        smiles = _smiles(chain, k, iv.iv_mid, otm & own)
    source, admitted = _sources(chain, partner, flags, iv, otm=otm, own=own)
    has = source >= 0
    low, mid, high = (
        np.where(has, column[source], np.nan) for column in (iv.iv_bid, iv.iv_mid, iv.iv_ask)
    )
    drawn = _from_smiles(chain, k, smiles)
    live = (contracts.t > 0) & (flags & Flag.X_ADJUSTED == 0)
    sigma = np.where(live, np.where(has, mid, drawn), np.nan)
    priced = from_columns(
        spot=found.spot,
        multiplier=chain.multiplier,
        expiries=chain.expiries,
        right=chain.right.astype(float),
        strike=chain.strike,
        open_interest=chain.open_interest.astype(float),
        expiry_idx=chain.expiry_idx,
        sigma=sigma,
        r=contracts.r,
        q=contracts.q,
        sigma_low=np.where(np.isfinite(low), low, sigma),
        sigma_high=np.where(np.isfinite(high), high, sigma),
        admitted=admitted,
        european=chain.european,
    )
    fitted = ~has & np.isfinite(sigma)
    return PricedChain(
        chain,
        found,
        smiles,
        partner,
        flags,
        iv,
        fitted,
        otm,
        priced,
        _arbitrage_share(chain, flags),
    )


def _smiles(chain: Chain, k: Floats, sigma: Floats, good: Bools) -> tuple[Smile | None, ...]:
    return tuple(
        smile.compute(k[rows], sigma[rows])
        for rows in (
            np.flatnonzero(good & (chain.expiry_idx == index))
            for index in range(len(chain.expiries))
        )
    )


def _from_smiles(chain: Chain, k: Floats, smiles: tuple[Smile | None, ...]) -> Floats:
    drawn = np.full(len(chain), np.nan)
    for index, fit in enumerate(smiles):
        if fit is not None:
            rows = np.flatnonzero(chain.expiry_idx == index)
            drawn[rows] = fit.at(k[rows])
    return drawn


def _sources(
    chain: Chain, partner: Ints, flags: Ints, iv: QuoteSolution, *, otm: Bools, own: Bools
) -> tuple[Ints, Bools]:
    """Whose quoted volatility serves each row (-1: nobody's), and whether the row is admitted."""
    rows = np.arange(len(chain))
    source = np.where(own, rows, -1)
    if chain.european:
        return source, own
    on_intrinsic = (iv.status == IvStatus.BELOW_INTRINSIC) | (iv.status == IvStatus.AT_INTRINSIC)
    twin = ~otm & (partner >= 0) & own[partner] & (flags == 0) & (own | on_intrinsic)
    return np.where(twin, partner, source), own | twin


def _calendar(
    chain: Chain,
    k: Floats,
    sigma: Floats,
    good: Bools,
    smiles: tuple[Smile | None, ...],
    settings: admission.Settings,
) -> Bools:
    """European rows whose total variance exceeds the next expiry's at equal forward-moneyness."""
    flagged = np.zeros(len(chain), dtype=bool)
    t = np.array([e.t_s for e in chain.expiries])
    quoted = [index for index in np.argsort(t, kind="stable") if smiles[index] is not None]
    for near, far in zip(quoted[:-1], quoted[1:], strict=True):
        later = smiles[far]
        if later is None or t[near] >= t[far]:
            continue
        rows = np.flatnonzero(good & (chain.expiry_idx == near))
        rows = rows[(k[rows] >= later.k[0]) & (k[rows] <= later.k[-1])]
        variance = sigma[rows] ** 2 * t[near]
        limit = (1 + settings.calendar_variance_excess) * later.at(k[rows]) ** 2 * t[far]
        flagged[rows[variance > limit]] = True
    return flagged


def _arbitrage_share(chain: Chain, flags: Ints) -> float | None:
    """Open-interest-weighted share of rows with an arbitrage flag; None without any interest."""
    arbitrage = Flag.A_BOUND | Flag.A_PARITY | Flag.A_VERTICAL | Flag.A_CONVEX | Flag.A_CALENDAR
    total = float(chain.open_interest.sum())
    return float(chain.open_interest[flags & int(arbitrage) != 0].sum()) / total if total else None
