"""Accounts: opening one, signing in, signing out."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from publishing.subscriptions import throttle, views
from publishing.subscriptions.models import Entitlement
from quanticity.domain import clock

pytestmark = pytest.mark.django_db
FORM = {
    "username": "ada",
    "email": "ada@example.org",
    "password1": "a-long-secret-7",
    "password2": "a-long-secret-7",
}


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="a-long-secret-7")


def test_signing_up_opens_a_free_account_and_signs_in(client: Client) -> None:
    response = client.post("/account/signup/", FORM)

    assert response["Location"] == "/feed/"
    assert (Entitlement.objects.get().tier, Entitlement.objects.get().state) == ("free", "FREE")
    assert client.get("/account/login/").status_code == 302


@pytest.mark.parametrize(
    "extra", [{"tier": "premium"}, {"is_staff": "1", "is_superuser": "1"}, {"state": "ACTIVE"}]
)
def test_a_form_grants_nothing_more(client: Client, extra: dict[str, str]) -> None:
    client.post("/account/signup/", FORM | extra)

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.entitlement.tier) == (False, False, "free")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"password2": "something-else"}, id="passwords differ"),
        pytest.param({"password1": "1234", "password2": "1234"}, id="weak password"),
        pytest.param({"email": "nowhere"}, id="no address"),
        pytest.param({"username": ""}, id="no name"),
    ],
)
def test_a_bad_form_makes_no_account(client: Client, wrong: dict[str, str]) -> None:
    response = client.post("/account/signup/", FORM | wrong)

    assert (response.status_code, User.objects.count()) == (200, 0)
    assert b"errorlist" in response.content


def test_an_address_makes_a_handful_of_accounts(client: Client) -> None:
    for _ in range(throttle.settings().per_account_and_address):
        throttle.note_failure(views.SIGNUPS, "127.0.0.1")

    response = client.post("/account/signup/", FORM)

    assert (response.status_code, User.objects.count()) == (429, 0)


def test_forms_need_their_token(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert (
        strict.post(
            "/account/login/", {"username": "ada", "password": "a-long-secret-7"}
        ).status_code
        == 403
    )
    assert strict.post("/account/signup/", FORM).status_code == 403


def test_signing_out_takes_a_post(client: Client, ada: User) -> None:
    client.force_login(ada)

    assert client.get("/account/logout/").status_code == 405
    assert client.post("/account/logout/")["Location"] == "/"
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(client: Client, ada: User, target: str) -> None:
    response = client.post(
        "/account/login/", {"username": "ada", "password": "a-long-secret-7", "next": target}
    )

    assert response["Location"] == "/feed/"


def test_operators_land_on_the_dashboard(client: Client) -> None:
    User.objects.create_superuser("op", password="a-long-secret-7")
    response = client.post("/account/login/", {"username": "op", "password": "a-long-secret-7"})

    assert response["Location"] == "/dashboard/"


def test_the_price_list_names_delays_and_the_own_plan(client: Client, ada: User) -> None:
    client.force_login(ada)
    page = client.get("/pricing/").content.decode()

    assert all(f"<strong>{delay} s</strong> after the fill" in page for delay in (0, 60, 300))
    assert page.count("Your plan") == 1


def test_a_page_survives_any_host_it_does_not_know(client: Client, settings: Any) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_the_account_page_says_what_a_member_has(client: Client, ada: User) -> None:
    Entitlement.objects.create(user=ada, tier="basic", state="ACTIVE", evidence="test")
    client.force_login(ada, backend=views.BACKEND)

    page = client.get("/account/").content.decode()

    assert "Basic" in page
    assert "60 s after its fill" in page
    assert "not linked" in page
    assert "no webhook" in page


def test_the_account_page_is_a_member_s_own(client: Client) -> None:
    assert client.get("/account/")["Location"] == "/account/login/?next=/account/"


def test_what_has_ended_is_said(client: Client, ada: User) -> None:
    ended = clock.now() - timedelta(days=1)
    Entitlement.objects.create(
        user=ada, tier="premium", state="ACTIVE", until_at=ended, evidence="test"
    )
    client.force_login(ada, backend=views.BACKEND)

    page = client.get("/account/").content.decode()

    assert "300 s after its fill" in page
    assert "Premium ended" in page


def test_a_banned_member_hears_so(client: Client, ada: User) -> None:
    Entitlement.objects.create(user=ada, tier="premium", state="BANNED", evidence="test")
    client.force_login(ada, backend=views.BACKEND)

    assert "closed to the feed" in client.get("/account/").content.decode()


def test_a_new_password_wants_the_old_one(client: Client, ada: User) -> None:
    client.force_login(ada, backend=views.BACKEND)
    new = {"new_password1": "another-secret-8", "new_password2": "another-secret-8"}

    refused = client.post("/account/password/", new | {"old_password": "guess"})
    taken = client.post("/account/password/", new | {"old_password": "a-long-secret-7"})

    assert (refused.status_code, taken.status_code) == (200, 302)
    assert "Your password is changed" in client.get(taken["Location"]).content.decode()
    assert User.objects.get(pk=ada.pk).check_password("another-secret-8")
