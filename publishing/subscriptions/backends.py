"""Sign-in by name and password, for members and operators alike, slowed against guessing."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from publishing.subscriptions import throttle


class ThrottledBackend(ModelBackend):
    """Every door uses it: the members' page, the admin, whatever comes later."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Check a password, unless too many were wrong just now."""
        if request is None or username is None:
            return super().authenticate(request, username, password, **kwargs)
        address = request.META["REMOTE_ADDR"]
        if throttle.is_closed(username, address):
            raise PermissionDenied("too many failed tries")
        user = super().authenticate(request, username, password, **kwargs)
        if user is None:
            throttle.note_failure(username, address)
        else:
            throttle.forget(username, address)
            if user.is_staff:
                throttle.remember(username, address)
        return user
