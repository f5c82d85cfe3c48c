"""Members' webhook addresses: who may have one, what it is told, and when it is turned off."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from publishing import services
from publishing.models import Delivery
from publishing.subscriptions import endpoints, letters
from publishing.subscriptions.models import Endpoint, Entitlement, Letter
from quanticity.config import loader
from quanticity.domain.errors import MalformedInput

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket, pytest.mark.usefixtures("no_store")]
Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def rehearsal(settings: Any) -> Any:
    """Addresses of this machine may be called, as in a rehearsal."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    loader.lay_over({"publishing.webhook.allow_private": True})
    yield
    loader.lay_over({})


@pytest.fixture
def member(django_user_model: Any) -> Make:
    """A member of a tier."""

    def make(tier: str = "premium", name: str = "ada") -> Any:
        user = django_user_model.objects.create_user(name, f"{name}@example.com", "x-long-enough")
        Entitlement.objects.create(user=user, tier=tier, state="ACTIVE", evidence="test")
        return user

    return make


def hook(fake: Any) -> str:
    return fake.url.replace("/api/webhooks/1/s3cr3t-token", "/hook")


def test_an_event_reaches_a_members_server_signed(
    member: Make, fake_discord: Any, trade: Make, record: Make
) -> None:
    endpoint = endpoints.add(member(), hook(fake_discord))
    record(trade(), "ENTRY")
    services.announce_owed()
    services.deliver_due()

    (request,) = fake_discord.requests
    at = request["headers"]["X-QC-Timestamp"]
    # What a receiver computes from the secret that it was shown.
    sent = hmac.new(endpoint.secret.encode(), digestmod=hashlib.sha256)
    assert request["headers"]["X-QC-Signature"].startswith("v1=")
    assert len(request["headers"]["X-QC-Signature"]) == 3 + 2 * sent.digest_size
    assert at.isdecimal()
    assert request["body"]["data"]["fill_price"] == "2.00"
    assert Delivery.objects.get(channel=f"webhook:{endpoint.pk}").state == "SENT"


@pytest.mark.parametrize("tier", ["basic", "free"])
def test_webhooks_are_premiums(member: Make, fake_discord: Any, tier: str) -> None:
    with pytest.raises(MalformedInput, match="premium"):
        endpoints.add(member(tier), hook(fake_discord))


def test_a_member_has_one_address(member: Make, fake_discord: Any) -> None:
    user = member()
    endpoints.add(user, hook(fake_discord))

    with pytest.raises(MalformedInput, match="at most 1"):
        endpoints.add(user, hook(fake_discord))


def test_a_private_address_is_refused_outside_a_rehearsal(member: Make) -> None:
    loader.lay_over({})

    with pytest.raises(MalformedInput, match="public internet"):
        endpoints.add(member(), "https://127.0.0.1/hook")


def test_who_is_no_longer_premium_is_told_nothing(
    member: Make, fake_discord: Any, trade: Make, record: Make
) -> None:
    user = member()
    endpoints.add(user, hook(fake_discord))
    record(trade(), "ENTRY")
    services.announce_owed()
    Entitlement.objects.filter(user=user).update(state="FREE")
    services.deliver_due()

    assert fake_discord.requests == []


def test_a_new_secret_leaves_the_old_one_valid_for_a_day(
    member: Make, fake_discord: Any, noon: Any
) -> None:
    endpoint = endpoints.add(member(), hook(fake_discord))
    endpoints.rotate(endpoint)
    both = endpoints.channel(endpoint.pk)._secrets
    noon.advance(86_401)

    assert len(set(both)) == 2
    assert endpoints.channel(endpoint.pk)._secrets == [Endpoint.objects.get().secret]


def test_the_ladder_of_a_members_server_is_its_own(
    member: Make, fake_discord: Any, trade: Make, record: Make, noon: Any
) -> None:
    endpoint = endpoints.add(member(), hook(fake_discord))
    fake_discord.answer(503)
    record(trade(), "EXIT")
    services.announce_owed()
    waits = []
    for _ in range(6):
        services.deliver_due()
        row = Delivery.objects.get(channel=f"webhook:{endpoint.pk}")
        waits.append((row.not_before_at - noon.at).total_seconds())
        noon.at = row.not_before_at

    ladder = (10, 60, 300, 3_600, 21_600, 21_600)
    assert all(step <= wait <= 1.2 * step for step, wait in zip(ladder, waits, strict=True))
    assert row.state == "PENDING"


def test_three_days_of_failure_turn_it_off_and_its_member_is_written_to(
    member: Make, fake_discord: Any, trade: Make, record: Make, noon: Any
) -> None:
    endpoint = endpoints.add(member(), hook(fake_discord))
    endpoints.note_failure(endpoint.pk, "webhook: 503")
    old = Endpoint.objects.get().failing_since_at - timedelta(days=3)
    Endpoint.objects.update(failing_since_at=old)
    endpoints.note_failure(endpoint.pk, "webhook: 503")
    endpoints.note_failure(endpoint.pk, "webhook: 503")

    assert Endpoint.objects.get().disabled_at is not None
    assert Letter.objects.count() == 1
    assert letters.send_owed() == 1
    assert letters.send_owed() == 0
    assert mail.outbox[0].to == ["ada@example.com"]
    assert "503" in mail.outbox[0].body


def test_an_answer_forgets_what_failed_before(
    member: Make, fake_discord: Any, trade: Make, record: Make
) -> None:
    endpoint = endpoints.add(member(), hook(fake_discord))
    endpoints.note_failure(endpoint.pk, "webhook: 503")
    record(trade(), "ENTRY")
    services.announce_owed()
    services.deliver_due()

    assert Endpoint.objects.get().failing_since_at is None


def test_the_page_shows_a_secret_once(member: Make, fake_discord: Any) -> None:
    browser = Client()
    browser.force_login(member(), backend="publishing.subscriptions.backends.ThrottledBackend")
    added = browser.post("/account/webhooks/", {"url": hook(fake_discord)}).content.decode()
    again = browser.get("/account/webhooks/").content.decode()
    secret = Endpoint.objects.get().secret

    assert secret in added
    assert secret not in again


def test_nobody_turns_off_anothers_address(member: Make, fake_discord: Any) -> None:
    theirs = endpoints.add(member(), hook(fake_discord))
    browser = Client()
    browser.force_login(
        member(name="eve"), backend="publishing.subscriptions.backends.ThrottledBackend"
    )
    page = browser.post(
        "/account/webhooks/", {"endpoint": theirs.pk, "do": "remove"}
    ).content.decode()

    assert "expected an address of yours" in page
    assert Endpoint.objects.get(pk=theirs.pk).disabled_at is None


def test_a_letter_is_owed_once_per_key(member: Make) -> None:
    user = member()
    first = letters.owe(user, key="k", subject="s", text="t")

    assert letters.owe(user, key="k", subject="other", text="other") == first


def test_a_mail_server_that_is_away_is_asked_again(member: Make, settings: Any, noon: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 9,
    )  # fmt: skip
    letters.owe(member(), key="k", subject="s", text="t")

    assert letters.send_owed() == 0
    row = Letter.objects.get()
    assert (row.state, row.error) == ("PENDING", "ConnectionRefusedError")
    assert row.not_before_at == noon.at + timedelta(seconds=60)
