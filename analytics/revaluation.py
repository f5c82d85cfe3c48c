"""What an option would be worth after a move: full revaluation at its own volatility."""

from collections.abc import Sequence

import numpy as np

from analytics import chains
from analytics.calculators import black_scholes
from quanticity.domain.instruments import OptionContract

_LEAST_SIGMA = 0.01  # a volatility shock leaves at least this much
_POINT = 0.01


def changes(
    contract: OptionContract, symbol: str, shocks: Sequence[tuple[float, float]]
) -> list[float] | None:
    """Dollars per option share gained by each (spot fraction, volatility points) move, at once.

    None when the contract has no volatility in the latest chain.
    """
    found = chains.priced_chain(symbol)
    if found is None:
        return None
    rows = np.flatnonzero(found.chain.occ == contract.occ)
    if not len(rows) or not np.isfinite(found.priced.sigma[rows[0]]):
        return None
    row, p = int(rows[0]), found.priced
    moves = np.asarray([(0.0, 0.0), *shocks], dtype=float)
    values = black_scholes.price(
        p.right[row], p.spot * (1.0 + moves[:, 0]), p.strike[row], p.t[row],
        np.maximum(p.sigma[row] + moves[:, 1] * _POINT, _LEAST_SIGMA), p.r[row], p.q[row],
    )  # fmt: skip
    return [float(value) for value in values[1:] - values[0]]
