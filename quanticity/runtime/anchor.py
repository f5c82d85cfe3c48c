"""Where the platform's clock starts in mode sim: never backward, and within a session.

A simulated platform continues where it stopped. Where that is too near an open or a close to trade,
it jumps forward to 10:00 New York time of the next session; the very first run begins at 10:00 of
the latest session that has begun. On recorded data it keeps to the sessions that were recorded.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from quanticity.domain import calendar, clock
from quanticity.domain.calendar import Session
from quanticity.domain.clock import NEW_YORK, Anchor
from quanticity.domain.errors import ConfigError
from quanticity.runtime.embedded import write_private

START = time(10, 0)
AFTER_OPEN = timedelta(minutes=15)
BEFORE_CLOSE = timedelta(minutes=60)
# A killed platform has written rows since its last note of the time; real seconds.
MARGIN_S = 5.0


def begin(
    var: Path,
    *,
    speed: float,
    start: datetime | None,
    real_now: datetime,
    recorded: Sequence[Session] = (),
) -> Anchor:
    """Write the anchor file for a new run and return it; ConfigError when it would go backward.

    `recorded` are the sessions of a tape, in order of time; none means a simulated path.
    """
    stopped_at = last(var)
    if start is not None and stopped_at is not None and start < stopped_at:
        raise ConfigError(
            f"--start: expected an instant after {stopped_at.isoformat()}, where the clock of "
            f"{var} stopped, was {start.isoformat()}; another QC_VAR begins afresh"
        )
    at = start or (opening_of(recorded, stopped_at) if recorded else opening(stopped_at, real_now))
    anchor = Anchor(at, clock.boot_seconds(), speed)
    anchor.write(var / "clock.json")
    note(var, ahead_s=MARGIN_S)
    return anchor


def opening(stopped_at: datetime | None, real_now: datetime) -> datetime:
    """Where to start when the operator does not say."""
    if stopped_at is None:
        return _ten(_latest(real_now))
    current = calendar.current(stopped_at)
    if current and current.open_at + AFTER_OPEN <= stopped_at < current.close_at - BEFORE_CLOSE:
        return stopped_at
    following = calendar.on_or_after(clock.eastern(stopped_at).date())
    while _ten(following) < stopped_at:
        following = calendar.next_session(following.date)
    return _ten(following)


def opening_of(recorded: Sequence[Session], stopped_at: datetime | None) -> datetime:
    """Where to start on a tape: its first open, or where the last run stopped in it."""
    if stopped_at is None:
        return recorded[0].open_at
    for session in recorded:
        if stopped_at < session.close_at:
            return max(stopped_at, session.open_at)
    raise ConfigError(
        f"--tape: expected a session after {stopped_at.isoformat()}, where the clock stopped, "
        f"the last recorded one is {recorded[-1].date}; another QC_VAR begins afresh"
    )


def last(var: Path) -> datetime | None:
    """The platform time that the last run came to; None before the first."""
    path = var / "clock_last.json"
    if not path.exists():
        return None
    return datetime.fromisoformat(json.loads(path.read_text())["platform_at"])


def note(var: Path, *, ahead_s: float = 0.0) -> None:
    """Keep the platform's time for the next start, `ahead_s` real seconds ahead."""
    anchor = Anchor.read(var / "clock.json")
    at = anchor.at(clock.boot_seconds() + ahead_s)
    write_private(var / "clock_last.json", json.dumps({"platform_at": at.isoformat()}))


def parse(text: str) -> datetime:
    """Read `--start`: an ISO instant; without a zone it is New York time."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--start: expected an ISO instant, was {text!r}") from error
    return (at if at.tzinfo else at.replace(tzinfo=NEW_YORK)).astimezone(UTC)


def _latest(at: datetime) -> Session:
    day = clock.eastern(at).date()
    today = calendar.session(day) if calendar.is_session(day) else None
    return today if today and _ten(today) <= at else calendar.previous_session(day)


def _ten(session: Session) -> datetime:
    return datetime.combine(session.date, START, NEW_YORK).astimezone(UTC)
