"""What every backfill job promises: one step from a state and a record to rows (DOMAIN 11).

A step is a function of its arguments and the settings in force. It knows no store, no feed and no
order: what it answers is all it does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from analytics.backfill.records import Record, Refused


class Row(NamedTuple):
    """One result: of which instant, and what came out, in JSON's types."""

    as_of: datetime
    data: dict[str, Any]


class Step(NamedTuple):
    """What one record led to: the next state, results, and what of it was refused."""

    state: Any
    rows: tuple[Row, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A job by its parts: which records it takes, its state, its step, the settings it reads."""

    name: str
    kind: str
    state: type[Any]
    step: Callable[[Any, Record], Step]
    sections: tuple[str, ...]
    is_single: bool = True  # one record per instant and symbol; another one is a repetition
