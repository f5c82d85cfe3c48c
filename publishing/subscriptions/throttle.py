"""Guessing is slow: failed sign-ins are counted per account and address, in SQL.

They are counted on the machine's clock: a simulated hour must not shorten a guesser's wait.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from publishing.subscriptions.models import LoginFailure
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


def is_closed(account: str, address: str) -> bool:
    """Say whether this account, from this address, must wait."""
    limits = settings()
    of_account = _recent(limits).filter(account=digest(account))
    return is_closed_here(account, address) or of_account.count() >= limits.per_account


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


def digest(account: str) -> str:
    """The account's fingerprint: people type passwords into the wrong field."""
    return hashlib.sha256(account.strip().casefold().encode()).hexdigest()


def settings() -> Settings:
    """The limits in force."""
    limits: Settings = section("publishing.subscriptions.throttle", Settings)
    return limits


def _recent(limits: Settings) -> QuerySet[LoginFailure]:
    return LoginFailure.objects.filter(at__gt=_real.now() - timedelta(seconds=limits.window_s))
