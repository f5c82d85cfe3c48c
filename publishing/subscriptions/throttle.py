"""Guessing is slow: failed sign-ins are counted per account and address, in SQL.

They are counted on the machine's clock: a simulated hour must not shorten a guesser's wait.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from publishing.subscriptions.models import KnownAddress, LoginFailure
from quanticity.config.loader import section
from quanticity.domain.clock import RealClock

_real = RealClock()


@dataclass(frozen=True, slots=True)
class Settings:
    """How many failures within the window close the door until the window has passed."""

    window_s: float
    per_account_and_address: int
    per_address: int
    per_account: int
    known_s: float


def is_closed(account: str, address: str) -> bool:
    """Say whether this account, from this address, must wait.

    What strangers try elsewhere closes no address from which an operator has signed in.
    """
    limits = settings()
    if is_closed_here(account, address):
        return True
    of_account = _recent(limits).filter(account=digest(account))
    is_besieged = of_account.count() >= limits.per_account
    return (
        is_besieged and not _known(limits).filter(account=digest(account), address=address).exists()
    )


def is_closed_here(account: str, address: str) -> bool:
    """Say whether this address must wait; what others do elsewhere does not count."""
    limits = settings()
    of_address = _recent(limits).filter(address=address)
    of_both = of_address.filter(account=digest(account))
    return (
        of_both.count() >= limits.per_account_and_address
        or of_address.count() >= limits.per_address
    )


def note_failure(account: str, address: str) -> None:
    """Remember one failure, and forget those that no longer count."""
    limits = settings()
    LoginFailure.objects.create(account=digest(account), address=address, at=_real.now())
    LoginFailure.objects.filter(at__lte=_real.now() - timedelta(seconds=limits.window_s)).delete()


def forget(account: str, address: str) -> None:
    """Begin anew after a success."""
    LoginFailure.objects.filter(account=digest(account), address=address).delete()


def remember(account: str, address: str) -> None:
    """Keep where an operator signed in from, and forget what is long ago."""
    KnownAddress.objects.update_or_create(
        account=digest(account), address=address, defaults={"at": _real.now()}
    )
    KnownAddress.objects.exclude(pk__in=_known(settings()).values("pk")).delete()


def digest(account: str) -> str:
    """The account's fingerprint: people type passwords into the wrong field."""
    return hashlib.sha256(account.strip().casefold().encode()).hexdigest()


def settings() -> Settings:
    """The limits in force."""
    limits: Settings = section("publishing.subscriptions.throttle", Settings)
    return limits


def _known(limits: Settings) -> QuerySet[KnownAddress]:
    return KnownAddress.objects.filter(at__gt=_real.now() - timedelta(seconds=limits.known_s))


def _recent(limits: Settings) -> QuerySet[LoginFailure]:
    return LoginFailure.objects.filter(at__gt=_real.now() - timedelta(seconds=limits.window_s))
