"""Guessing a password is slow, at every door."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from publishing.subscriptions import throttle
from publishing.subscriptions.models import KnownAddress, LoginFailure
from publishing.subscriptions.views import SIGNUPS

pytestmark = pytest.mark.django_db
LIMIT = 5
DOORS = ["/account/login/", "/admin/login/"]


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operator", password="right-and-long")


def knock(client: Client, door: str, password: str, name: str = "operator") -> Any:
    return client.post(door, {"username": name, "password": password})


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("door", DOORS)
def test_the_right_password_opens(client: Client, door: str) -> None:
    assert knock(client, door, "right-and-long").status_code == 302


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("door", DOORS)
def test_after_five_wrong_ones_even_the_right_waits(client: Client, door: str) -> None:
    for _ in range(LIMIT):
        knock(client, door, "wrong")

    assert knock(client, door, "right-and-long").status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("operator")
def test_doors_count_together(client: Client) -> None:
    for _ in range(LIMIT):
        knock(client, "/account/login/", "wrong")

    assert knock(client, "/admin/login/", "right-and-long").status_code == 200


@pytest.mark.usefixtures("operator")
def test_another_address_is_not_held_up(client: Client) -> None:
    for _ in range(LIMIT):
        knock(client, "/account/login/", "wrong")

    elsewhere = Client(REMOTE_ADDR="10.0.0.9")
    assert knock(elsewhere, "/account/login/", "right-and-long").status_code == 302


@pytest.mark.usefixtures("operator")
def test_a_success_begins_anew(client: Client) -> None:
    for _ in range(LIMIT - 1):
        knock(client, "/account/login/", "wrong")
    knock(client, "/account/login/", "right-and-long")

    assert not LoginFailure.objects.exists()


@pytest.mark.usefixtures("operator")
def test_a_guesser_cannot_tell_a_name_from_a_wrong_password(client: Client) -> None:
    known = knock(client, "/account/login/", "wrong").content
    unknown = knock(client, "/account/login/", "wrong", "nobody").content

    assert b"do not match" in known
    assert b"do not match" in unknown


def test_many_names_from_one_address_are_held_up() -> None:
    for number in range(throttle.settings().per_address):
        throttle.note_failure(f"name{number}", "10.0.0.1")

    assert throttle.is_closed("another", "10.0.0.1")
    assert not throttle.is_closed("another", "10.0.0.2")


def test_what_was_typed_is_not_kept() -> None:
    throttle.note_failure("hunter2", "10.0.0.1")

    assert LoginFailure.objects.get().account == throttle.digest(" HUNTER2 ")
    assert "hunter2" not in LoginFailure.objects.get().account


def test_old_failures_are_forgotten() -> None:
    throttle.note_failure("name", "10.0.0.1")
    LoginFailure.objects.update(at=LoginFailure.objects.get().at - timedelta(hours=1))
    throttle.note_failure("name", "10.0.0.1")

    assert LoginFailure.objects.count() == 1


def test_sign_ups_elsewhere_hold_nobody_up() -> None:
    for n in range(throttle.settings().per_account):
        throttle.note_failure(SIGNUPS, f"10.0.0.{n}")

    assert not throttle.is_closed_here(SIGNUPS, "192.0.2.7")
    assert throttle.is_closed("operator", "192.0.2.7") is False


def strangers_try() -> None:
    for n in range(throttle.settings().per_account):
        throttle.note_failure("operator", f"198.51.100.{n}")


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("door", DOORS)
def test_strangers_do_not_lock_an_operator_out_of_where_they_were(
    client: Client, door: str
) -> None:
    knock(client, door, "right-and-long")
    client.logout()
    strangers_try()

    assert knock(client, door, "right-and-long").status_code == 302


@pytest.mark.usefixtures("operator")
def test_a_besieged_operator_waits_at_a_new_address(client: Client) -> None:
    strangers_try()

    assert knock(client, DOORS[0], "right-and-long").status_code == 200


def test_where_members_signed_in_from_is_not_kept(client: Client) -> None:
    User.objects.create_user("ann", password="right-and-long")

    assert knock(client, DOORS[0], "right-and-long", name="ann").status_code == 302
    assert not KnownAddress.objects.exists()


@pytest.mark.usefixtures("operator")
def test_an_address_is_known_for_so_long(client: Client) -> None:
    knock(client, DOORS[0], "right-and-long")
    long_ago = timedelta(seconds=throttle.settings().known_s + 1)
    KnownAddress.objects.update(at=KnownAddress.objects.get().at - long_ago)
    strangers_try()

    assert throttle.is_closed("operator", "127.0.0.1")
