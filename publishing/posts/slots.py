"""When we post what: slots of one session, from the exchange's calendar. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.clock import NEW_YORK


@dataclass(frozen=True, slots=True)
class Settings:
    """The comments in defaults.toml say what each is for."""

    teaser_at: str
    head_before_open_s: float
    moc_before_close_min: tuple[int, ...]
    summary_after_close_s: float
    performance_after_close_s: float
    head_after_close_s: float
    recap_after_close_s: float
    late_s: float
    moc_late_s: float
    moc_stale_s: float
    moc_least_usd: float
    moc_leaders: int
    moc_watched: int
    moc_watch_ratio: float
    moc_urgent_usd: float
    moc_urgent_late_usd: float
    moc_urgent_late_min: float


@dataclass(frozen=True, slots=True)
class Slot:
    """One post that is owed: its kind, the name nobody posts twice, from when until when."""

    kind: str
    key: str
    at: datetime
    until: datetime
    minutes_to_close: int | None = None

    def is_open(self, now: datetime) -> bool:
        """True while posting it is still useful."""
        return self.at <= now < self.until


def slots(session: Session, settings: Settings) -> Iterator[Slot]:
    """Every slot of a session, in the order of the day."""
    late = timedelta(seconds=settings.late_s)
    teaser = time.fromisoformat(settings.teaser_at)
    teaser_at = datetime.combine(session.date, teaser, NEW_YORK).astimezone(session.open_at.tzinfo)
    yield _slot("TEASER", session, teaser_at, late)
    before_open = session.open_at - timedelta(seconds=settings.head_before_open_s)
    yield _slot("HEAD", session, before_open, late, "-O")
    for minutes in settings.moc_before_close_min:
        at = session.close_at - timedelta(minutes=minutes)
        key = f"MOC-{session.date:%Y%m%d}-{minutes}"
        yield Slot("MOC", key, at, at + timedelta(seconds=settings.moc_late_s), minutes)
    for kind, seconds, tail in (
        ("SUMMARY", settings.summary_after_close_s, ""),
        ("PERFORM", settings.performance_after_close_s, ""),
        ("HEAD", settings.head_after_close_s, "-C"),
        ("RECAP", settings.recap_after_close_s, ""),
    ):
        if kind != "RECAP" or is_last_of_week(session):
            yield _slot(kind, session, session.close_at + timedelta(seconds=seconds), late, tail)


def is_last_of_week(session: Session) -> bool:
    """True when the next session is in another week."""
    return (
        calendar.next_session(session.date).date.isocalendar()[1] != session.date.isocalendar()[1]
    )


def first_of_week(session: Session) -> Session:
    """The first session of the same week."""
    first = session
    while (before := calendar.previous_session(first.date)).date.isocalendar()[1] == (
        session.date.isocalendar()[1]
    ):
        first = before
    return first


def _slot(kind: str, session: Session, at: datetime, late: timedelta, tail: str = "") -> Slot:
    return Slot(kind, f"{kind}-{session.date:%Y%m%d}{tail}", at, at + late)
