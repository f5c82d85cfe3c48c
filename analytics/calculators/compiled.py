"""The compiled kernels where they pay: large chains, in a process that has loaded them.

They cost some 110 MB and seconds to load, and NumPy needs a third of a millisecond for the Greeks
of 4,000 contracts. So a process loads them once it has met a large chain, in a thread, and goes on
with NumPy until they are there. Both paths give the same numbers to 1e-13 of the largest.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import black_scholes
from analytics.calculators.black_scholes import Greeks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LARGE = 12_000  # contracts from which loading pays
_WORTH = 1_000  # rows from which a loaded kernel is called
_ROWS_PER_RUN = 16  # shorter runs of one expiry than this are not what the kernel is for
_MIN_DEVIATION, _MAX_DEVIATION = 1e-7, 20.0  # sigma sqrt t outside of which rows are NumPy's
_ORDER = (
    "delta", "gamma", "vega_per_volpt", "vanna_per_volpt", "charm_per_day", "price",
    "theta_per_day", "rho_per_1pct",
)  # fmt: skip

_loaded: list[Any] = []
_loading = threading.Lock()


def load(cache: Path) -> None:
    """Import and compile now; machine code is kept in `cache` for the next process."""
    with _loading:
        if _loaded:
            return
        os.environ.setdefault("NUMBA_CACHE_DIR", str(cache / _source_hash()))
        from analytics.calculators import kernels  # noqa: PLC0415 - see the module docstring

        _loaded.append(kernels)


def _source_hash() -> str:
    # numba notices a change of the file a kernel stands in, not of one it inlines from.
    here = Path(__file__).parent
    sources = ("polynomials.py", "kernels.py", "kernels_iv.py")
    return hashlib.sha256(b"".join((here / n).read_bytes() for n in sources)).hexdigest()[:12]


def load_in_background(cache: Path) -> None:
    """Load without holding up the caller; nothing happens when loaded or loading."""
    if not _loaded and not _loading.locked():
        threading.Thread(target=load, args=(cache,), name="kernels", daemon=True).start()


def kernels(rows: int) -> Any:
    """The kernels when they are loaded and pay for this many rows, else None."""
    return _loaded[0] if _loaded and rows >= _WORTH else None


def greeks(
    right: Floats, spot: float, strike: Floats, t: Floats, sigma: Floats, r: Floats, q: Floats
) -> Greeks:
    """As `black_scholes.greeks`, for columns of one chain that lie together by expiry."""
    made = kernels(len(strike))
    if made is None:
        return black_scholes.greeks(right, spot, strike, t, sigma, r, q)
    starts = runs(t, r, q)
    if len(strike) < _ROWS_PER_RUN * len(starts):
        return black_scholes.greeks(right, spot, strike, t, sigma, r, q)
    right, strike, t, sigma, r, q = (_plain(column) for column in (right, strike, t, sigma, r, q))
    columns = np.empty((made.COLUMNS, len(strike)))
    odd = made.greeks(
        float(spot), right, strike, t, sigma, r, q, starts, columns, np.empty(0),
        np.empty(0, dtype=np.int64), np.empty((0, made.EXPOSURES)), np.empty(0),
    )  # fmt: skip
    if odd:
        _repair(columns, right, spot, strike, t, sigma, r, q)
    return Greeks(**dict(zip(_ORDER, columns, strict=True)))


def runs(t: Floats, r: Floats, q: Floats) -> Ints:
    """First row of each run of equal t, r and q (of one expiry), and the end."""
    changes = (t[1:] != t[:-1]) | (r[1:] != r[:-1]) | (q[1:] != q[:-1])
    return np.concatenate(([0], np.flatnonzero(changes) + 1, [len(t)])).astype(np.int64)


def exposures(
    spot: float,
    columns: tuple[Floats, ...],
    starts: Ints,
    weight: Floats,
    cell: Ints,
    cells_n: int,
) -> tuple[Floats, Floats] | None:
    """Weighted sums of the Greeks in one pass; None where the kernel is not to be had.

    `columns` are right, strike, t, sigma, r, q; `starts` their `runs`. The answer: gamma (USD per
    1 %), delta (USD), vanna (USD per point) and charm in force (USD per day) of each run; gamma of
    each cell.
    """
    made = kernels(len(weight))
    if made is None or len(weight) < _ROWS_PER_RUN * len(starts):
        return None
    right, strike, t, sigma, r, q = (_plain(column) for column in columns)
    by_run, by_cell = np.zeros((len(starts) - 1, made.EXPOSURES)), np.zeros(cells_n)
    odd = made.greeks(
        float(spot), right, strike, t, sigma, r, q, starts, np.empty((0, 0)), weight, cell,
        by_run, by_cell,
    )  # fmt: skip
    # Rows without time or volatility must not weigh; where one does, the textbook adds up.
    if odd and np.any(weight[~_is_usual(strike, t, sigma)]):
        return None
    return by_run, by_cell


def implied(
    price: Floats, columns: tuple[Floats, ...], last: Floats, *, american: bool
) -> tuple[Floats, Bools] | None:
    """Volatilities, and the rows where they are exact; None where the kernel is not to be had.

    `columns` are right, spot, strike, t, r, q; `last` the volatilities to begin from, 0 for none.
    """
    made = kernels(len(price))
    if made is None:
        return None
    sigma, solved = np.empty(len(price)), np.empty(len(price), dtype=np.bool_)
    packed = [_plain(column) for column in (price, *columns, last)]
    made.implied(*packed, american, sigma, solved)
    return sigma, solved


def _repair(columns: Floats, right: Floats, spot: float, *others: Floats) -> None:
    """Rows without time, volatility or a strike, by the textbook."""
    strike, t, sigma, _, _ = others
    rows = np.flatnonzero(~_is_usual(strike, t, sigma))
    found = black_scholes.greeks(right[rows], spot, *(column[rows] for column in others))
    columns[:, rows] = [getattr(found, name) for name in _ORDER]


def _is_usual(strike: Floats, t: Floats, sigma: Floats) -> Bools:
    deviation = sigma * np.sqrt(t)
    return (deviation > _MIN_DEVIATION) & (deviation < _MAX_DEVIATION) & (strike > 0.0)


def _plain(column: Floats) -> Floats:
    """As the kernels were compiled for: contiguous float64, a view of received bytes too."""
    fits = column.dtype == np.float64 and column.flags.c_contiguous and column.flags.aligned
    return column if fits else np.array(column, dtype=np.float64)
