"""What readers did: counted by us, read back from those who count, never guessed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from publishing import engagement, services
from publishing.models import Delivery, Engagement, Visit
from quanticity.domain import clock
from quanticity.store import delivering as hot

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
Make = Callable[..., Any]


@pytest.fixture
def sent(
    store: None, trade: Make, record: Make, settings: Any, fake_discord: Any, noon: Any
) -> Delivery:
    """Premium's entry on Discord, sent at noon."""
    settings.DISCORD_WEBHOOKS = {**settings.DISCORD_WEBHOOKS, "premium": fake_discord.url}
    record(trade(), "ENTRY")
    services.announce_owed()
    services.deliver_due()
    return Delivery.objects.get(channel="discord")


def test_links_in_a_post_go_through_our_own_redirect(sent: Delivery, fake_discord: Any) -> None:
    fields = fake_discord.requests[0]["body"]["embeds"][0]["fields"]

    assert f"/r/{sent.pk}/legal/disclaimer/" in fields[-1]["value"]


def test_a_click_is_counted_and_goes_on(sent: Delivery) -> None:
    answer = Client().get(f"/r/{sent.pk}/pricing/")

    assert (answer.status_code, answer["Location"]) == (302, "/pricing/")
    assert Visit.objects.get().kind == "CLICK"


@pytest.mark.parametrize(
    "path", ["https://evil.example", "/evil.example", "admin/", "", "../admin/"]
)
def test_the_redirect_leads_nowhere_else(sent: Delivery, path: str) -> None:
    assert Client().get(f"/r/{sent.pk}/{path}").status_code == 404
    assert not Visit.objects.exists()


def test_an_account_opened_after_a_click_counts_for_the_post(sent: Delivery, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    browser = Client()
    browser.get(f"/r/{sent.pk}/pricing/")
    form = {"username": "ada", "email": "ada@example.com", "password1": "x-long-enough-1", "password2": "x-long-enough-1"}  # fmt: skip
    browser.post("/account/signup/", form)

    assert list(Visit.objects.order_by("pk").values_list("kind", flat=True)) == ["CLICK", "SIGNUP"]


def test_counts_are_read_once_for_each_age(sent: Delivery, noon: Any) -> None:
    engagement.note_click(sent.pk)
    early = engagement.fetch_owed()
    noon.at = sent.sent_at + timedelta(hours=1)
    first, again = engagement.fetch_owed(), engagement.fetch_owed()
    noon.at = sent.sent_at + timedelta(hours=72)
    last = engagement.fetch_owed()

    assert (early, first, again, last) == (0, 1, 0, 2)
    assert sorted(Engagement.objects.values_list("after_h", flat=True)) == [1, 24, 72]


def test_what_a_channel_does_not_count_is_unknown_and_not_zero(sent: Delivery, noon: Any) -> None:
    engagement.note_click(sent.pk)
    noon.at = sent.sent_at + timedelta(hours=1)
    engagement.fetch_owed()

    row = Engagement.objects.get()
    assert (row.impressions, row.likes, row.clicks) == (None, None, 1)
    assert row.reason == "this channel does not count readers"
    assert hot.engagement("discord", sent.pk) == {
        "clicks": "1", "signups": "0", "fetched_at": "2025-11-21T18:00:00.000Z",
    }  # fmt: skip


def test_tallies_hold_the_oldest_look_at_each_post(sent: Delivery, noon: Any) -> None:
    for after_h, likes in ((1, 3), (24, 10)):
        Engagement.objects.create(
            delivery=sent, after_h=after_h, likes=likes, clicks=1, fetched_at=clock.now()
        )

    (discord,) = (one for one in engagement.tallies() if one.channel == "discord")
    assert (discord.sent, discord.counts["likes"], discord.counts["impressions"]) == (1, 10, None)
    assert dict(discord.shown)["impressions"] == "—"
