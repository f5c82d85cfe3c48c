"""Which volatility each contract of a chain gets: its own, its twin's, or the smile's (DOMAIN 2.3).

A believable row has its own mid's. An American in-the-money row takes its out-of-the-money
twin's, since its own contains early exercise (and may lie below the European bound). Anything
else that can have one takes the expiry's smile's and counts as fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import smile
from analytics.calculators.implied_vol import QuoteSolution
from analytics.calculators.smile import Smile
from analytics.ingestion import admission
from quanticity.domain.options import Chain, Flag, IvStatus

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Volatilities:
    """sigma with its bid-ask interval (NaN where nothing is known), and where it came from."""

    sigma: Floats
    sigma_low: Floats
    sigma_high: Floats
    admitted: Bools
    fitted: Bools
    out_of_the_money: Bools
    flags: Ints
    smiles: tuple[Smile | None, ...]


def compute(
    chain: Chain,
    forward: Floats,
    partner: Ints,
    flags: Ints,
    iv: QuoteSolution,
    settings: admission.Settings,
) -> Volatilities:
    """Choose for every row; adds the European calendar flag, which needs the smiles."""
    k = np.log(chain.strike / forward[chain.expiry_idx])
    otm = np.where(chain.right > 0, k >= 0, k < 0)
    own = (flags == 0) & (iv.status == IvStatus.OK)
    smiles = _smiles(chain, k, iv.iv_mid, otm & own)
    if chain.european:
        late = _calendar(chain, k, iv.iv_mid, otm & own, smiles, settings)
        flags = flags | np.where(late, int(Flag.A_CALENDAR), 0)
        own &= ~late
        smiles = _smiles(chain, k, iv.iv_mid, otm & own)
    source, admitted = _sources(chain, partner, flags, iv, otm=otm, own=own)
    has = source >= 0
    low, mid, high = (
        np.where(has, column[source], np.nan) for column in (iv.iv_bid, iv.iv_mid, iv.iv_ask)
    )
    sigma = np.where(has, mid, _from_smiles(chain, k, smiles))
    sigma[flags & int(Flag.X_EXPIRED | Flag.X_ADJUSTED) != 0] = np.nan
    return Volatilities(
        sigma,
        np.where(np.isfinite(low), low, sigma),
        np.where(np.isfinite(high), high, sigma),
        admitted,
        ~has & np.isfinite(sigma),
        otm,
        flags,
        smiles,
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
    source = np.where(own, np.arange(len(chain)), -1)
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
    for near, far in pairwise(quoted):
        later = smiles[far]
        if later is None or t[near] >= t[far]:
            continue
        rows = np.flatnonzero(good & (chain.expiry_idx == near))
        rows = rows[(k[rows] >= later.k[0]) & (k[rows] <= later.k[-1])]
        variance = sigma[rows] ** 2 * t[near]
        limit = (1 + settings.calendar_variance_excess) * later.at(k[rows]) ** 2 * t[far]
        flagged[rows[variance > limit]] = True
    return flagged
