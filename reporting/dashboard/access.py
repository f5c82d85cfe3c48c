"""Who is at the other end of a socket: same origin only, and a session that still holds."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

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
