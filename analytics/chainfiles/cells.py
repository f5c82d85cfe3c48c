"""Numbers in JSON cells: written as numbers or as strings, absent as null or empty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from quanticity.domain.errors import MalformedInput

Floats = NDArray[np.float64]
D = TypeVar("D")
_ABSENT = frozenset(("", "-", "--", "None", "null", "N/A", "nan", "NaN"))


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
) -> dict[str, Floats]:
    """Fields of every row, cell by cell, so that the one that is no number can be named."""
    return {name: _column(rows, name, where) for name in names}


def attributes(rows: Sequence[Any], names: Sequence[str]) -> dict[str, Floats]:
    """Fields of rows that were decoded as numbers; None is absent."""
    read = attrgetter(*names)
    try:
        cells = chain.from_iterable(map(read, rows))
        table = np.fromiter(cells, dtype=np.float64, count=len(rows) * len(names))
    except TypeError:  # somewhere a None, which only the slower way takes for NaN
        table = np.array([read(row) for row in rows], dtype=np.float64)
    return dict(zip(names, table.reshape(-1, len(names)).T.copy(), strict=True))


def decoded(decoder: msgspec.json.Decoder[D], body: bytes | str) -> D | None:
    """What a body says where every cell is of its documented type, else None."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _column(rows: Sequence[Mapping[str, Any]], name: str, where: str) -> Floats:
    found = (number(row.get(name), f"{where}[{i}].{name}") for i, row in enumerate(rows))
    return np.array(list(found), dtype=np.float64)
