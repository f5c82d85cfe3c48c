"""How far a vendor's volatilities and Greeks are from ours, and why (DOMAIN 2.4): all pure.

Compared are admitted contracts for which the vendor says something. An outlier differs by more
than 0.02 in volatility or 0.02 in delta; its cause is the first of `CAUSES` that applies. Vendor
figures are compared, never used.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.calculators.pricing import PricedChain
from quanticity.domain.calendar import SECONDS_PER_DAY

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

QUANTILES = (0.5, 0.9, 0.99, 1.0)
CAUSES = {
    "within quotes": "the vendor's volatility lies between those of bid and ask",
    "stale spot": "the file's spot is not the one that its own quotes imply",
    "last day": "less than a day to live: the clock's convention decides",
    "early exercise": "American and deep in the money: no European volatility",
    "dividend": "the yield that parity implies is not the flat one",
    "other": "none of these",
}
_OUTLIER_IV, _OUTLIER_DELTA = 0.02, 0.02
_KNOWN_IV = 0.02  # so little means unknown (DOMAIN 1.9)
_SPOT_FRAC, _YIELD = 0.001, 0.005
_DEEP, _LIQUID = 0.90, 0.05


@dataclass(frozen=True, slots=True)
class Gap:
    """Absolute differences of one figure: how many, and their quantiles."""

    n: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One chain against its vendor; None where the vendor says nothing.

    `iv_liquid` is of out-of-the-money contracts with |delta| of 0.05 and more.
    """

    contracts: int
    admitted: int
    iv: Gap | None
    iv_liquid: Gap | None
    delta: Gap | None
    gamma: Gap | None
    outliers: int
    causes: dict[str, int]


def compute(found: PricedChain, flat_yield: float) -> Comparison:
    """Compare every admitted contract; `flat_yield` is the symbol's configured one."""
    p, vendor = found.priced, found.chain.vendor
    blank = np.full(len(p.strike), np.nan)
    iv, delta, gamma = (vendor.get(name, blank) for name in ("iv", "delta", "gamma"))
    alive = p.admitted & (p.t > 0)
    known_iv = alive & (iv > _KNOWN_IV) & np.isfinite(found.iv.iv_mid)
    known_delta = alive & np.isfinite(delta) & (delta != 0)
    gaps = {
        "iv": np.where(known_iv, np.abs(found.iv.iv_mid - iv), np.nan),
        "delta": np.where(known_delta, np.abs(p.greeks.delta - delta), np.nan),
        "gamma": np.where(known_delta & np.isfinite(gamma), np.abs(p.greeks.gamma - gamma), np.nan),
    }
    out = p.right * (p.strike - p.spot) >= 0
    gaps["iv_liquid"] = np.where(out & (np.abs(p.greeks.delta) >= _LIQUID), gaps["iv"], np.nan)
    off = (gaps["iv"] > _OUTLIER_IV) | (gaps["delta"] > _OUTLIER_DELTA)
    return Comparison(
        contracts=len(p.strike),
        admitted=int(alive.sum()),
        **{name: _gap(column) for name, column in gaps.items()},
        outliers=int(off.sum()),
        causes=_causes(found, iv, flat_yield, off),
    )


def _gap(column: Floats) -> Gap | None:
    known = column[np.isfinite(column)]
    if not known.size:
        return None
    return Gap(len(known), tuple(np.quantile(known, QUANTILES).tolist()))


def _causes(found: PricedChain, iv: Floats, flat_yield: float, off: Bools) -> dict[str, int]:
    p, header = found.priced, found.chain.spot
    stale = header is None or abs(header / p.spot - 1) > _SPOT_FRAC
    tests = [
        (iv >= found.iv.iv_bid) & (iv <= found.iv.iv_ask),
        np.full(len(iv), stale),
        p.t * 365 * SECONDS_PER_DAY < SECONDS_PER_DAY,
        np.full(len(iv), not p.european) & (np.abs(p.greeks.delta) > _DEEP),
        np.abs(p.q - flat_yield) > _YIELD,
    ]
    first = np.select(tests, list(range(len(tests))), len(tests))[off]
    counts = Counter(first.tolist())
    return {cause: counts[place] for place, cause in enumerate(CAUSES) if counts[place]}
