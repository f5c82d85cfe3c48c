"""How many rows a report read, solved, used and refused, and how far the vendor's Greeks are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import inventory, vendor_greeks
from analytics.calculators.pricing import PricedChain
from analytics.chainfiles.notes import Notes
from analytics.chainfiles.reader import Loaded
from quanticity.domain.options import Chain, Flag, IvStatus
from quanticity.domain.readings import Unavailable

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def iv(loaded: Loaded, found: PricedChain) -> dict[str, Any]:
    """Rows solved and rows failed by status; together they are all contracts."""
    status = Counter(found.iv.status.tolist())
    failed = {s.name: status[s] for s in IvStatus if s is not IvStatus.OK and status[s]}
    unread = loaded.contracts - len(loaded.chain)
    return {
        "recomputed": status[IvStatus.OK],
        "failed": failed | ({"NOT_READ": unread} if unread else {}),
        "fitted": int(found.volatilities.fitted.sum()),
    }


def flags(raised: Ints) -> dict[str, int]:
    """Rows per admission flag; a row may have several."""
    counts = {flag.name or "": int((raised & int(flag) != 0).sum()) for flag in Flag}
    return {name: count for name, count in counts.items() if count}


def rejected(
    loaded: Loaded, found: PricedChain, held: inventory.Inventory, refused: Unavailable | None
) -> dict[str, int]:
    """Every contract that is in no total, by its first reason; with `used` it makes `contracts`."""
    p = found.priced
    tests: dict[str, Bools] = {
        "EXPIRED": p.t <= 0,
        "ADJUSTED": found.flags & int(Flag.X_ADJUSTED) != 0,
        "LOW_OPEN_INTEREST": ~(held.counted | held.later) & np.isfinite(p.sigma),
        "NO_VOLATILITY": ~np.isfinite(p.sigma),
        "BEYOND_HORIZON": held.later,
        "" if refused is None else refused.reason: np.ones(len(p.t), dtype=bool),
    }
    first = np.select(list(tests.values()), list(range(len(tests))))
    counts = Counter(loaded.rejected)
    for place, reason in enumerate(tests):
        if reason:
            counts[reason] += int((first == place).sum())
    return {reason: count for reason, count in counts.items() if count}


def vendor(chain: Chain, found: PricedChain, notes: Notes) -> dict[str, Any] | None:
    """How far the vendor's delta and gamma are from ours, over admitted contracts."""
    delta = chain.vendor.get("delta")
    gamma = chain.vendor.get("gamma")
    if delta is None or gamma is None:
        return None
    rows = found.priced.admitted & np.isfinite(delta) & np.isfinite(gamma) & (delta != 0)
    if not rows.any():
        return None
    gaps = np.abs(found.priced.greeks.delta - delta)[rows]
    share = float(np.mean(gaps > vendor_greeks.DELTA_GAP))
    if share > vendor_greeks.SHARE:
        notes.warnings.append(f"GREEKS_DISAGREE: {share:.0%} of deltas differ by more than 0.05")
    return {
        "compared": int(rows.sum()),
        "delta_abs_gap": _quantiles(gaps),
        "gamma_abs_gap": _quantiles(np.abs(found.priced.greeks.gamma - gamma)[rows]),
    }


def _quantiles(values: NDArray[np.float64]) -> dict[str, float]:
    names = ("p50", "p90", "p99")
    return dict(zip(names, np.quantile(values, [0.5, 0.9, 0.99]).tolist(), strict=True))
