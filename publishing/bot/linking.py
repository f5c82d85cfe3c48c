"""Linking a Telegram account to a member's: a code from the web account, used once (DOMAIN 8.4)."""

import hashlib
import logging
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from publishing.bot.settings import settings
from publishing.subscriptions.models import LinkCode, TelegramLink, TelegramUpdate
from quanticity import audit
from quanticity.domain.clock import RealClock

logger = logging.getLogger(__name__)
_BYTES = 12  # of chance; a deep link takes 64 characters


def new_code(user: User) -> str:
    """Make a code for a member; those made before are worth nothing from now on."""
    code, now = secrets.token_urlsafe(_BYTES), RealClock().now()
    expires_at = now + timedelta(seconds=settings().code_life_s)
    with transaction.atomic():
        LinkCode.objects.filter(user=user, used_at=None).update(used_at=now)
        LinkCode.objects.create(digest=_digest(code), user=user, expires_at=expires_at)
    return code


@transaction.atomic
def link(code: str, telegram_id: int) -> User | None:
    """Use a code; None when it is wrong, old or used, or the account is somebody else's already."""
    now = RealClock().now()
    good = LinkCode.objects.filter(digest=_digest(code), used_at=None, expires_at__gt=now)
    if not good.update(used_at=now):
        return None
    user = LinkCode.objects.select_related("user").get(digest=_digest(code)).user
    if TelegramLink.objects.filter(telegram_id=telegram_id).exclude(user=user).exists():
        logger.warning("a code of user %s came from another member's Telegram account", user.pk)
        return None
    made = {"telegram_id": telegram_id, "linked_at": now}
    TelegramLink.objects.update_or_create(user=user, defaults=made)
    audit.record(str(user), "link telegram", f"user {user.pk}", reason="by a code of the member's")
    return user


def member(telegram_id: int) -> User | None:
    """Who is behind a Telegram account, if anybody has said so."""
    found = TelegramLink.objects.select_related("user").filter(telegram_id=telegram_id).first()
    return None if found is None else found.user


@transaction.atomic
def forget(telegram_id: int) -> None:
    """Take a link away, and what the person wrote to us."""
    TelegramLink.objects.filter(telegram_id=telegram_id).delete()
    TelegramUpdate.objects.filter(telegram_id=telegram_id).exclude(state="CLAIMED").delete()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
