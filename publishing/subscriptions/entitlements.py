"""Which tier a membership gives right now (DOMAIN 8.3)."""

from datetime import datetime

from publishing.subscriptions.models import Entitlement
from quanticity.domain.tiers import Tier

State = Entitlement.State
_PAYING = (State.TRIALING, State.ACTIVE, State.CANCELING)


def tier_in_force(entitlement: Entitlement | None, now: datetime) -> Tier | None:
    """The tier to serve at this instant; None for the banned, free for whoever has no more."""
    if entitlement is None:
        return Tier.FREE
    if entitlement.state == State.BANNED:
        return None
    return Tier(entitlement.tier) if _is_running(entitlement, now) else Tier.FREE


def _is_running(entitlement: Entitlement, now: datetime) -> bool:
    until = entitlement.until_at
    if entitlement.state in _PAYING:
        return until is None or now < until
    # The grace of an unpaid invoice always has an end; without one there is no grace.
    return entitlement.state == State.PAST_DUE and until is not None and now < until
