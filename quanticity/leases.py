"""Leases: one holder of one right, in SQL, by one conditional UPDATE.

No wall clock decides: a holder's own machine counts by its seconds since boot, any other machine
by whether it has watched the row stand still for as long as a lease lasts.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from quanticity.domain.clock import RealClock, boot_id, boot_seconds
from quanticity.models import LeaseRow
from quanticity.rows import change

MANAGER = "manager"  # of working entries and of what is held
_real = RealClock()
# Leases of other machines as this process saw them: their mark, and since when it stands still.
_watched: dict[str, tuple[str, float, float]] = {}


@dataclass(frozen=True, slots=True)
class Lease:
    """A right we hold; everything done under it carries the epoch."""

    name: str
    holder: str
    epoch: int


def hold(name: str, holder: str, seconds: float) -> Lease | None:
    """Take or renew a lease for so many real seconds; None when somebody else holds it."""
    boot, now_s = boot_id(), boot_seconds()
    terms = {
        "boot_id": boot, "until_boot_s": now_s + seconds,
        "expires_at": _real.now() + timedelta(seconds=seconds),
    }  # fmt: skip
    rows = LeaseRow.objects.filter(name=name)
    # Renewing keeps the epoch; taking over from another raises it.
    kept = rows.filter(holder=holder, boot_id=boot, until_boot_s__gt=now_s)
    free = rows.filter(_is_free(name, boot, now_s, seconds) | Q(holder=holder))
    if change(kept, **terms) or change(free, holder=holder, epoch=F("epoch") + 1, **terms):
        return _read(name, holder)
    if rows.exists():
        return None
    try:
        with transaction.atomic():
            LeaseRow.objects.create(name=name, holder=holder, **terms)
    except IntegrityError:
        return None
    return _read(name, holder)


def _is_free(name: str, boot: str, now_s: float, seconds: float) -> Q:
    """Given back, ended by this machine's count, or another machine's that nobody renews."""
    ended = Q(boot_id="") | Q(boot_id=boot, until_boot_s__lte=now_s)
    # Nobody holds that far ahead: counted from an earlier start of a machine that keeps its name.
    ended |= Q(boot_id=boot, until_boot_s__gt=now_s + 3 * seconds)
    theirs = LeaseRow.objects.filter(name=name).exclude(boot_id__in=("", boot)).first()
    if theirs is None:
        _watched.pop(name, None)
        return ended
    mark, until_s, since_s = _watched.get(name, ("", 0.0, 0.0))
    if (mark, until_s) != (theirs.boot_id, theirs.until_boot_s):
        _watched[name] = theirs.boot_id, theirs.until_boot_s, now_s
        return ended
    stands_still = now_s - since_s >= seconds
    return ended | Q(boot_id=mark, until_boot_s=until_s) if stands_still else ended


def sign(name: str) -> tuple[str, float] | None:
    """Who holds a right and until when by his count: it changes while he lives; None when free."""
    rows = LeaseRow.objects.filter(name=name).exclude(boot_id="")
    return rows.values_list("holder", "until_boot_s").first()


def is_valid(lease: Lease) -> bool:
    """Say whether the lease is still ours, at its epoch."""
    return LeaseRow.objects.filter(
        name=lease.name, holder=lease.holder, epoch=lease.epoch, boot_id=boot_id(),
        until_boot_s__gt=boot_seconds(),
    ).exists()  # fmt: skip


def is_superseded(name: str, epoch: int) -> bool:
    """Say whether somebody has taken this right over since the epoch."""
    return LeaseRow.objects.filter(name=name, epoch__gt=epoch).exists()


def release(lease: Lease) -> None:
    """Give a lease back at once, so that the next process need not wait."""
    LeaseRow.objects.filter(name=lease.name, holder=lease.holder, epoch=lease.epoch).update(
        boot_id="", expires_at=_real.now()
    )


def _read(name: str, holder: str) -> Lease | None:
    row = LeaseRow.objects.filter(name=name, holder=holder).first()
    return None if row is None else Lease(name, holder, row.epoch)
