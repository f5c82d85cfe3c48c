"""Who is at the other end of a socket: same origin only, and a session that still holds."""

from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from publishing.subscriptions.selectors import tier_of, tiers_of
from quanticity.domain.clock import RealClock
from quanticity.domain.tiers import Tier

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class SameOrigin:
    """Refuses a handshake that another site's page began with our visitor's cookie."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the handshake through, or deny it."""
        ours = is_same_origin(scope["headers"])
        await (self._application if ours else WebsocketDenier())(scope, receive, send)


def is_same_origin(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether the one Origin header names the very host that was called."""
    found = [(name.lower(), value.decode("latin1")) for name, value in headers]
    origins = [value for name, value in found if name == b"origin"]
    hosts = [value for name, value in found if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    origin, host = urlsplit(origins[0]), hosts[0]
    schemes = ("https",) if settings.PUBLIC_URL.startswith("https://") else ("http", "https")
    return (
        origin.scheme in schemes
        and origin.netloc.lower() == host.lower()
        and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    )


def viewer(session_key: str | None) -> User | AnonymousUser:
    """The user of a session as it is now: signing out or a new password ends it."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    return auth.get_user(request)


@dataclass(frozen=True, slots=True)
class Member:
    """Who sits at a socket, and what the right to it hung on when it was opened."""

    user_id: int
    session_key: str
    password: str
    tier: Tier


def member(session_key: str | None) -> Member | None:
    """The member of a session; None when there is none who may see anything."""
    user = viewer(session_key)
    tier = tier_of(user)
    if tier is None or session_key is None or user.pk is None:
        return None
    return Member(user.pk, session_key, user.password, tier)


def gone(members: Collection[Member]) -> set[Member]:
    """Who lost the right since: signed out, a new password, another tier. Three reads for all."""
    users = {one.user_id for one in members}
    keys = {one.session_key for one in members}
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=RealClock().now())
    sessions = set(rows.values_list("session_key", flat=True))
    passwords = dict(
        User.objects.filter(pk__in=users, is_active=True).values_list("pk", "password")
    )
    tiers = tiers_of(passwords)
    return {
        one
        for one in members
        if one.session_key not in sessions
        or passwords.get(one.user_id) != one.password
        or tiers[one.user_id] is not one.tier
    }
