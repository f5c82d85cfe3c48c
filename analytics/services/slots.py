"""Each slot of a job runs once, however many schedulers fire it (DOMAIN 3.21).

One conditional UPDATE of the job's row decides who runs the slot; a hint that comes nearly a
cadence after the last run is not the same slot, even where rounding says so.
"""

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
Run = Callable[..., None]


def once(cadence: str) -> Callable[[Run], Run]:
    """Let a job run once per cadence (a field of the timetable) and subject."""

    def decorate(run: Run) -> Run:
        @wraps(run)
        def claimed(*subject: str) -> None:
            every_s: float = getattr(section("timetable", Settings), cadence)
            if claim(run.__name__, " ".join(subject), every_s):
                run(*subject)

        return claimed

    return decorate


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
