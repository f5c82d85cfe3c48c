"""The modelled dealer inventory: which contracts count, and with which sign (DOMAIN 3.0).

    naive      dealers hold the calls (+1) and are short the puts (-1)
    skew_adj   as naive, but call demand (a positive risk reversal) turns dealers short of calls
    signed_flow  the inventory is what dealers took from signed prints since listing

Weights are signed shares of the underlying's options: sign x open interest x multiplier.
Nothing here is an observation of dealers; it is a model and is published as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analytics.calculators.pricing import Priced

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BUCKETS = ("0dte", "1dte", "d2_14", "d15_30", "gt30")
_FORTNIGHT, _MONTH = 14, 30


class SignModel(StrEnum):
    """How the dealers' side of a contract is guessed."""

    NAIVE = "naive"
    SKEW_ADJ = "skew_adj"
    SIGNED_FLOW = "signed_flow"


@dataclass(frozen=True, slots=True)
class Settings:
    """The contract filter of all totals, and the scale of the skew-adjusted model."""

    min_open_interest: int
    max_expiry_days: int
    min_coverage: float
    skew_full_volpts: float


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """Signed shares per contract; `counted` rows enter totals, `later` ones only bucket gt30."""

    priced: Priced
    model: SignModel
    weight: Floats
    shares: Floats
    counted: Bools
    later: Bools
    coverage: float | None

    def total(self, column: Floats) -> float:
        """Sum of weight x column over the counted rows."""
        return float(self.weight[self.counted] @ column[self.counted])


def compute(
    priced: Priced,
    settings: Settings,
    *,
    model: SignModel = SignModel.NAIVE,
    rr25_volpts: float | None = None,
    dealer_contracts: Floats | None = None,
) -> Inventory:
    """Choose rows and signs; `dealer_contracts` is needed by `signed_flow`, rr25 by `skew_adj`."""
    shares = priced.open_interest * priced.multiplier
    if model is SignModel.SIGNED_FLOW and dealer_contracts is not None:
        weight = dealer_contracts * priced.multiplier
    else:
        weight = _signs(priced, model, rr25_volpts, settings) * shares
    listed = (
        (priced.open_interest >= settings.min_open_interest)
        & np.isfinite(priced.sigma)
        & (priced.t > 0)
    )
    later = priced.column("dte_cal") > settings.max_expiry_days
    return Inventory(
        priced,
        model,
        np.where(listed, weight, 0.0),
        np.where(listed, shares, 0.0),
        listed & ~later,
        listed & later,
        coverage(priced, settings),
    )


def expiry_buckets(priced: Priced) -> Ints:
    """Index into `BUCKETS` of each of the chain's expiries."""
    sessions = np.array([e.dte_sess for e in priced.expiries], dtype=np.int64)
    days = np.array([e.dte_cal for e in priced.expiries], dtype=np.int64)
    return np.select(
        [sessions <= 0, sessions == 1, days <= _FORTNIGHT, days <= _MONTH], [0, 1, 2, 3], 4
    ).astype(np.int64)


def coverage(priced: Priced, settings: Settings) -> float | None:
    """Share of gamma x open interest whose volatility is quoted, within the horizon.

    Rows without any volatility, or whose open interest is not told yet, weigh with what is typical
    of the chain, so that their absence lowers the share. None when nothing has open interest or
    nothing has a volatility.
    """
    rows = (
        ((priced.open_interest >= settings.min_open_interest) | priced.untold)
        & (priced.t > 0)
        & (priced.column("dte_cal") <= settings.max_expiry_days)
        & (priced.strike > 0)
    )
    known, told = rows & np.isfinite(priced.sigma), rows & ~priced.untold
    if not (known & told).any():
        return None
    gamma = np.where(known, priced.greeks.gamma, _stand_in(priced, rows & ~known, known))
    typical = float(priced.open_interest[told].mean())
    weight = gamma * np.where(priced.untold, typical, priced.open_interest)
    total = float(weight[rows].sum())
    return float(weight[known & told & priced.admitted].sum()) / total if total > 0 else None


def _stand_in(priced: Priced, missing: Bools, known: Bools) -> Floats:
    """Gamma of rows without a volatility, at the chain's median volatility."""
    gamma = np.zeros(len(priced.strike))
    sigma, t = float(np.median(priced.sigma[known])), priced.t[missing]
    d1 = (
        np.log(priced.spot / priced.strike[missing])
        + (priced.r[missing] - priced.q[missing] + 0.5 * sigma * sigma) * t
    ) / (sigma * np.sqrt(t))
    gamma[missing] = np.exp(-0.5 * d1 * d1 - priced.q[missing] * t) / (
        np.sqrt(2 * np.pi * t) * priced.spot * sigma
    )
    return gamma


def _signs(
    priced: Priced, model: SignModel, rr25_volpts: float | None, settings: Settings
) -> Floats:
    calls = 1.0
    if model is SignModel.SKEW_ADJ and rr25_volpts is not None and rr25_volpts > 0:
        calls = float(np.clip(1 - 2 * rr25_volpts / settings.skew_full_volpts, -1.0, 1.0))
    return np.where(priced.right > 0, calls, -1.0)
