"""Leases: one holder of one right, in SQL, by one conditional UPDATE.

They run on the machine's own clock, not the platform's: a simulated hour must not end a lease.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import F, Q

from quanticity.domain.clock import RealClock
from quanticity.models import LeaseRow

_real = RealClock()


@dataclass(frozen=True, slots=True)
class Lease:
    """A right we hold; everything done under it carries the epoch."""

    name: str
    holder: str
    epoch: int


def hold(name: str, holder: str, seconds: float) -> Lease | None:
    """Take or renew a lease for so many real seconds; None when somebody else holds it."""
    now = _real.now()
    until = now + timedelta(seconds=seconds)
    # Renewing keeps the epoch; taking over from another raises it.
    if LeaseRow.objects.filter(name=name, holder=holder, expires_at__gt=now).update(
        expires_at=until
    ) or LeaseRow.objects.filter(_is_free(now, seconds) | Q(holder=holder), name=name).update(
        holder=holder, expires_at=until, epoch=F("epoch") + 1
    ):
        return _read(name, holder)
    try:
        LeaseRow.objects.create(name=name, holder=holder, expires_at=until)
    except IntegrityError:
        return None
    return _read(name, holder)


def _is_free(now: datetime, seconds: float) -> Q:
    """Ended, or written by a clock that has been set back since: nobody holds that far ahead."""
    return Q(expires_at__lte=now) | Q(expires_at__gt=now + timedelta(seconds=3 * seconds))


def is_valid(lease: Lease) -> bool:
    """Say whether the lease is still ours, at its epoch."""
    return LeaseRow.objects.filter(
        name=lease.name, holder=lease.holder, epoch=lease.epoch, expires_at__gt=_real.now()
    ).exists()


def is_superseded(name: str, epoch: int) -> bool:
    """Say whether somebody has taken this right over since the epoch."""
    return LeaseRow.objects.filter(name=name, epoch__gt=epoch).exists()


def release(lease: Lease) -> None:
    """Give a lease back at once, so that the next process need not wait."""
    LeaseRow.objects.filter(name=lease.name, holder=lease.holder, epoch=lease.epoch).update(
        expires_at=_real.now()
    )


def _read(name: str, holder: str) -> Lease | None:
    row = LeaseRow.objects.filter(name=name, holder=holder).first()
    return None if row is None else Lease(name, holder, row.epoch)
