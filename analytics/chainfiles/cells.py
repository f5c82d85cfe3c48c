"""Numbers in JSON cells: written as numbers or as strings, absent as null or empty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.errors import MalformedInput

_NUMBERS = frozenset((int, float, type(None)))
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


def column(rows: Sequence[Mapping[str, Any]], name: str, where: str) -> NDArray[np.float64]:
    """One field of every row; at once where all are numbers, cell by cell where they are not."""
    found = [row.get(name) for row in rows]
    if _NUMBERS.issuperset(map(type, found)):
        try:
            return np.array(found, dtype=np.float64)
        except OverflowError:  # a whole number beyond any float; the loop names it
            pass
    return np.array([number(cell, f"{where}[{i}].{name}") for i, cell in enumerate(found)])
