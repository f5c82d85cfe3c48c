"""What the bot says: by the tier of who asks, and to strangers what free sees."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from publishing import services
from publishing.bot import linking
from publishing.bot.commands import HELP, reply
from publishing.subscriptions.models import LinkCode, TelegramLink, TelegramUpdate
from quanticity.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("telegram"), pytest.mark.enable_socket]
Make = Callable[..., Any]
PERSON, OTHER = 7, 8


@pytest.mark.parametrize(
    "text", ["", "hello", "/sell SPY", "/flatten", "/halt now", "should I buy?"]
)
def test_what_is_no_command_gets_the_list(text: str) -> None:
    assert reply(PERSON, text) == HELP


def test_a_stranger_reads_as_free_and_is_told_how_to_link() -> None:
    assert reply(PERSON, "/status") == (
        "This Telegram account is not linked; you read as free. Get a code at "
        "https://quanticity.example/account/telegram/ and send it here: /link CODE"
    )


@pytest.mark.parametrize("how", ["/link {}", "/start {}", "/link@QuantiCityBot {}"])
def test_a_members_code_links_and_says_the_tier_and_why(member: User, how: str) -> None:
    said = reply(PERSON, how.format(linking.new_code(member)))

    assert said == "Linked. Your tier: premium (ACTIVE), without an end.\nWhy: paid in_123"
    assert linking.member(PERSON) == member
    assert AuditEntry.objects.get(action="link telegram").actor == "ada"


def test_a_code_is_good_once(member: User) -> None:
    code = linking.new_code(member)
    reply(PERSON, f"/link {code}")

    assert reply(OTHER, f"/link {code}").startswith("This code is wrong, used, or older")
    assert linking.member(OTHER) is None


def test_a_code_is_good_for_ten_minutes(member: User) -> None:
    code = linking.new_code(member)
    row = LinkCode.objects.get()
    row.expires_at -= timedelta(seconds=601)
    row.save()

    assert linking.link(code, PERSON) is None


def test_a_newer_code_ends_the_one_before(member: User) -> None:
    first = linking.new_code(member)
    linking.new_code(member)

    assert linking.link(first, PERSON) is None


def test_a_telegram_account_is_one_members(member: User) -> None:
    linking.link(linking.new_code(member), PERSON)
    other = User.objects.create_user("bob", password="x-long-enough")

    assert linking.link(linking.new_code(other), PERSON) is None
    assert linking.member(PERSON) == member


def test_no_code_is_kept_as_it_is(member: User) -> None:
    assert linking.new_code(member) not in str(LinkCode.objects.values())


@pytest.mark.parametrize(
    ("linked", "said"),
    [
        pytest.param(True, "[SIM] SPY 21 Nov 25 600C: exit WIN +58.2%", id="premium"),
        pytest.param(False, "Nothing was told today yet.", id="a stranger, before free's release"),
    ],
)
def test_today_is_what_the_tier_has_been_told(
    member: User, trade: Make, record: Make, linked: bool, said: str
) -> None:
    TelegramLink.objects.create(user=member, telegram_id=PERSON if linked else OTHER, linked_at=member.date_joined)  # fmt: skip
    record(trade(), "EXIT")
    services.announce_owed()
    services.deliver_due()

    assert reply(PERSON, "/today").splitlines()[0] == said


def test_a_stranger_hears_of_a_trade_when_free_does(trade: Make, record: Make, noon: Any) -> None:
    record(trade(), "EXIT")
    services.announce_owed()
    noon.advance(300)

    assert (
        reply(PERSON, "/today").splitlines()[0] == "[SIM] SPY 21 Nov 25 600C: exit WIN about +60%"
    )


@pytest.mark.parametrize("word", ["/subscribe", "/start premium"])
def test_plans_are_shown_with_their_prices(word: str) -> None:
    said = reply(PERSON, word)

    assert "premium: 149 USD a month" in said
    assert said.endswith("https://quanticity.example/pricing/")


def test_a_member_deletes_what_we_know(member: User, written: Make) -> None:
    linking.link(linking.new_code(member), PERSON)
    written("/status", person=PERSON)
    assert "linked to your account" in reply(PERSON, "/privacy")

    reply(PERSON, "/privacy delete")

    assert linking.member(PERSON) is None
    assert TelegramUpdate.objects.count() == 0


@pytest.mark.parametrize("word", ["/performance", "/manage"])
def test_where_more_is_said(word: str) -> None:
    assert "https://quanticity.example/" in reply(PERSON, word)


def test_the_page_makes_a_code_and_takes_the_link_away(member: User, settings: Any) -> None:
    settings.TELEGRAM_BOT_NAME = "QuantiCityBot"
    settings.TELEGRAM_BOT_TOKEN = "1:token"
    browser = Client()
    browser.force_login(member, backend="publishing.subscriptions.backends.ThrottledBackend")
    shown = browser.post("/account/telegram/", {"do": "code"}).content.decode()
    code = shown.split("?start=")[1].split('"')[0]

    assert linking.link(code, PERSON) == member
    assert "Linked since" in browser.get("/account/telegram/").content.decode()
    browser.post("/account/telegram/", {"do": "unlink"})
    assert linking.member(PERSON) is None


def test_without_a_bot_the_page_says_so(member: User, settings: Any) -> None:
    settings.TELEGRAM_BOT_TOKEN = ""
    browser = Client()
    browser.force_login(member, backend="publishing.subscriptions.backends.ThrottledBackend")
    page = browser.get("/account/telegram/").content.decode()

    assert "The bot is off on this site" in page
    assert "New code" not in page
