"""Who may open a socket."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from reporting.dashboard.access import is_same_origin, viewer

Header = tuple[bytes, bytes]
HOST = (b"host", b"localhost:8000")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        pytest.param([HOST, (b"origin", b"http://localhost:8000")], True, id="our own page"),
        pytest.param([HOST, (b"origin", b"http://evil.example")], False, id="another site"),
        pytest.param([HOST, (b"origin", b"http://localhost:9999")], False, id="another port of this host"),
        pytest.param([HOST, (b"origin", b"null")], False, id="null"),
        pytest.param([HOST], False, id="none"),
        pytest.param([HOST, (b"origin", b"http://localhost:8000"), (b"origin", b"http://evil.example")], False, id="two"),
        pytest.param([(b"host", b"evil.example"), (b"origin", b"http://evil.example")], False, id="a host that is not ours"),
        pytest.param([HOST, (b"origin", b"file://localhost:8000")], False, id="a scheme that is not the web's"),
    ],
)  # fmt: skip
def test_only_our_own_pages_open_sockets(
    headers: list[Header], allowed: bool, settings: Any
) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["localhost"], "http://localhost:8000"

    assert is_same_origin(headers) is allowed


def test_a_secure_site_wants_secure_origins(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["localhost"], "https://localhost"

    assert not is_same_origin([(b"host", b"localhost"), (b"origin", b"http://localhost")])
    assert is_same_origin([(b"host", b"localhost"), (b"origin", b"https://localhost")])


def session_of(client: Client) -> str | None:
    return client.session.session_key


@pytest.mark.django_db
def test_a_session_is_asked_again_each_time(client: Client) -> None:
    user = User.objects.create_user("member", password="x-long-enough")
    client.force_login(user)
    key = session_of(client)

    assert viewer(key) == user
    user.set_password("another-long-one")
    user.save()
    assert viewer(key).is_anonymous


@pytest.mark.django_db
def test_signing_out_ends_the_session(client: Client) -> None:
    client.force_login(User.objects.create_user("member", password="x-long-enough"))
    key = session_of(client)
    SessionStore(key).flush()

    assert viewer(key).is_anonymous
    assert viewer(None).is_anonymous
