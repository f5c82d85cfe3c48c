"""Numbers in JSON cells: written as numbers or as strings, absent as null or empty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.errors import MalformedInput

_ABSENT = frozenset(("", "-", "--", "None", "N/A", "nan", "NaN"))


def number(cell: Any, where: str) -> float:
    """The cell as a float, NaN where it is absent; raise MalformedInput naming the place."""
    if cell is None:
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise MalformedInput(f"{where}: expected a number, was {cell!r}")
    if cell in _ABSENT:
        return math.nan
    try:
        return float(cell)
    except (ValueError, OverflowError) as error:
        raise MalformedInput(f"{where}: expected a number, was {cell!r}") from error


def columns(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], where: str
) -> dict[str, NDArray[np.float64]]:
    """Fields of every row; all at once where every cell is there, else cell by cell."""
    cells = chain.from_iterable(map(itemgetter(*names), rows))
    try:
        table = np.fromiter(cells, dtype=np.float64, count=len(rows) * len(names))
    except (KeyError, TypeError, ValueError, OverflowError):
        return {name: _column(rows, name, where) for name in names}
    return dict(zip(names, table.reshape(-1, len(names)).T.copy(), strict=True))


def _column(rows: Sequence[Mapping[str, Any]], name: str, where: str) -> NDArray[np.float64]:
    found = (number(row.get(name), f"{where}[{i}].{name}") for i, row in enumerate(rows))
    return np.array(list(found), dtype=np.float64)
