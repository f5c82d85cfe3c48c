"""Numbers in JSON cells: written as numbers or as strings, absent as null or empty."""

from __future__ import annotations

import math
from typing import Any

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
