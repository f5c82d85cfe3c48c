"""Reads of memberships."""

from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser, User

from publishing.subscriptions.entitlements import tier_in_force
from publishing.subscriptions.models import Entitlement
from quanticity.domain import clock
from quanticity.domain.tiers import Tier


def tier_of(user: User | AnonymousUser) -> Tier | None:
    """The tier a user has now, asked of the row each time; None when they may see nothing."""
    if not user.is_authenticated or not user.is_active:
        return None
    return tier_in_force(Entitlement.objects.filter(user=user).first(), clock.now())


def tiers_of(user_ids: Collection[int]) -> dict[int, Tier | None]:
    """The tier of each of these active users now, in one read."""
    rows, now = Entitlement.objects.in_bulk(user_ids), clock.now()
    return {user_id: tier_in_force(rows.get(user_id), now) for user_id in user_ids}
