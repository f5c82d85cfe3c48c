"""Writes of memberships."""

from django.contrib.auth.models import User
from django.db import transaction

from publishing.subscriptions.models import Entitlement


@transaction.atomic
def open_account(*, username: str, email: str, password: str) -> User:
    """Make a member of the free tier."""
    user = User.objects.create_user(username, email, password)
    Entitlement.objects.create(user=user, evidence="signed up on the web")
    return user
