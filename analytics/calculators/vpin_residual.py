"""What of VPIN is left once trading speed and volatility are accounted for (DOMAIN 3.9).

Bulk classification alone is known to track volume and volatility, so the newest VPIN is compared
with the least-squares fit of VPIN on log(elapsed seconds) and log(realised volatility) of its
buckets. Dimensionless; + means more one-sided than speed and volatility explain.
After Andersen and Bondarenko, Journal of Financial Markets 17, 2014.
"""

from collections.abc import Sequence

import numpy as np


def compute(rows: Sequence[tuple[float, float, float]], least: int) -> float | None:
    """Residual of the last (vpin, elapsed_s, squared moves) row; None below `least` rows."""
    usable = [row for row in rows if row[1] > 0 and row[2] > 0]
    if len(usable) < least or not usable or usable[-1] != rows[-1]:
        return None
    vpin, elapsed_s, variance = np.asarray(usable, dtype=np.float64).T
    design = np.column_stack([np.ones_like(vpin), np.log(elapsed_s), np.log(np.sqrt(variance))])
    weights = np.linalg.lstsq(design, vpin)[0]
    return float(vpin[-1] - design[-1] @ weights)
