"""Each slot of a job runs once, however many schedulers fire it (DOMAIN 3.21).

One conditional UPDATE of the job's row decides who runs the slot; a hint that comes nearly a
cadence after the last run is not the same slot, even where rounding says so.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps

from django.conf import settings
from django.db.models import Q

from analytics.models import JobSlot
from quanticity.config.loader import section
from quanticity.config.timetable import Settings
from quanticity.domain import clock

_SLACK = 0.8  # of a cadence
_FAILURES, _REST = 5, timedelta(seconds=60)  # in a row, after which a job rests (DOMAIN 3.21)
_failed: dict[tuple[str, str], int] = {}
_rests_until: dict[tuple[str, str], datetime] = {}
log = logging.getLogger(__name__)
Run = Callable[..., None]


def once(cadence: str) -> Callable[[Run], Run]:
    """Let a job run once per cadence (a field of the timetable) and subject."""

    def decorate(run: Run) -> Run:
        @wraps(run)
        def claimed(*subject: str) -> None:
            every_s: float = getattr(section("timetable", Settings), cadence)
            job = (run.__name__, " ".join(subject))
            if _rests(job) or not claim(*job, every_s):
                return
            done = False
            try:
                run(*subject)
                done = True
            finally:
                _note(job, done=done)

        return claimed

    return decorate


def _rests(job: tuple[str, str]) -> bool:
    until = _rests_until.get(job)
    return until is not None and until - _REST <= clock.now() < until


def _note(job: tuple[str, str], *, done: bool) -> None:
    """Count failures in a row; a job that failed so often is left alone for a minute."""
    _failed[job] = 0 if done else _failed.get(job, 0) + 1
    if _failed[job] >= _FAILURES:
        _failed[job], _rests_until[job] = 0, clock.now() + _REST
        log.error("%s %s failed %d times in a row and rests", *job, _FAILURES)


def claim(job: str, subject: str, every_s: float) -> bool:
    """Whether this slot is ours; slots are counted from the epoch."""
    now = clock.now()
    own = {"job": job, "subject": subject, "source": settings.TRADING_MODE}
    begins = datetime.fromtimestamp(now.timestamp() // every_s * every_s, UTC)
    late = now - timedelta(seconds=_SLACK * every_s)
    # A clock that was set back must not stop a job for as long.
    ahead = now + timedelta(seconds=every_s)
    free = Q(began_at__lt=max(begins, late)) | Q(began_at__gt=ahead)
    if JobSlot.objects.filter(free, **own).update(began_at=now):
        return True
    _, made = JobSlot.objects.get_or_create(**own, defaults={"began_at": now})
    return made
