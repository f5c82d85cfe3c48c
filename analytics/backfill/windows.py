"""Which instants a backfill is asked for, and what its results cover (DOMAIN 11). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from quanticity.domain import calendar

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """First and last instant, both inclusive, and whose records; None and () are no limit."""

    begins_at: datetime | None
    ends_at: datetime | None
    symbols: tuple[str, ...]

    def holds(self, at: datetime, symbol: str) -> bool:
        """Whether a record of that instant and symbol is wanted; "" is everybody's."""
        early = self.begins_at is not None and at < self.begins_at
        late = self.ends_at is not None and at > self.ends_at
        return not early and not late and (not symbol or not self.symbols or symbol in self.symbols)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the results of one symbol cover; gaps are minutes of sessions without a result."""

    rows: int
    first_at: datetime
    last_at: datetime
    gap_minutes: int


def coverage(instants: Iterable[datetime]) -> Coverage | None:
    """Count results, oldest first, against the exchange's minutes between first and last."""
    rows = gaps = 0
    first_at = last_at = None
    for at in instants:
        if last_at is None:
            first_at = at
        else:
            gaps += max(0, _minutes(last_at, at) - 1)
        rows, last_at = rows + 1, at
    if first_at is None or last_at is None:
        return None
    return Coverage(rows, first_at, last_at, gaps)


# Whole minutes of regular hours from one instant's minute to another's.
def _minutes(after: datetime, until: datetime) -> int:
    total, session = 0, calendar.session(calendar.session_date(after))
    while session.open_at <= until:
        start = max(_floor(after), session.open_at)
        end = min(_floor(until), session.close_at)
        total += max(0, (end - start) // _MINUTE)
        session = calendar.next_session(session.date)
    return total


def _floor(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
