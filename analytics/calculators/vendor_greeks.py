"""How far a vendor's deltas are from ours: compared, never used (DOMAIN 2.4)."""

import numpy as np

from analytics.calculators.pricing import Priced
from quanticity.domain.options import Chain

DELTA_GAP = 0.05  # shares per share from which two deltas differ
SHARE = 0.20  # of admitted contracts from which the vendor and we disagree
_LEAST = 20  # contracts that both must have


def share_apart(chain: Chain, priced: Priced) -> float | None:
    """Share of admitted contracts whose deltas differ; None when too few have both."""
    delta = chain.vendor.get("delta")
    if delta is None:
        return None
    rows = priced.admitted & np.isfinite(delta) & (delta != 0) & np.isfinite(priced.greeks.delta)
    if int(rows.sum()) < _LEAST:
        return None
    return float(np.mean(np.abs(priced.greeks.delta - delta)[rows] > DELTA_GAP))
