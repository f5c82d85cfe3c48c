"""Updates of the bot: signed, stored, answered once, and never by more than a few."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from publishing.bot import updates
from publishing.bot.commands import HELP
from publishing.subscriptions.models import TelegramUpdate
from quanticity.domain.clock import RealClock

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
Make = Callable[..., Any]


def states() -> list[str]:
    return list(TelegramUpdate.objects.order_by("pk").values_list("state", flat=True))


def said(telegram: Any) -> list[str]:
    return [request.form["text"] for request in telegram.asked]


def test_a_command_is_stored_at_once_and_answered_afterwards(telegram: Any, written: Make) -> None:
    assert written("/help") == 200
    assert (states(), telegram.asked) == (["PENDING"], [])

    assert updates.answer_owed() == 1
    assert (states(), said(telegram)) == (["ANSWERED"], [HELP])
    assert telegram.asked[0].form["chat_id"] == "7"


@pytest.mark.parametrize("secret", ["", "what-telegram-sayz", "wh\u00e4t"])
def test_who_does_not_know_the_secret_is_refused(telegram: Any, written: Make, secret: str) -> None:
    assert written("/help", secret=secret.encode().decode("latin-1")) == 403
    assert states() == []


def test_without_a_secret_of_ours_there_is_no_door(
    telegram: Any, written: Make, settings: Any
) -> None:
    settings.TELEGRAM_WEBHOOK_SECRET = ""

    assert written("/help", secret="") == 404


def test_an_update_that_comes_again_is_answered_once(telegram: Any, written: Make) -> None:
    assert [written("/help", number=5) for _ in range(3)] == [200, 200, 200]
    updates.answer_owed()
    updates.answer_owed()

    assert len(telegram.asked) == 1


@pytest.mark.parametrize("chat", ["group", "supergroup", "channel"])
def test_only_private_chats_are_answered(telegram: Any, written: Make, chat: str) -> None:
    written("/status", chat=chat)

    assert (updates.answer_owed(), states()) == (0, ["IGNORED"])


@pytest.mark.parametrize("body", ["[]", "{}", "nonsense", '{"update_id": "1"}', "[" * 70_000])
def test_what_is_no_update_is_refused(telegram: Any, client: Client, body: str) -> None:
    answer = client.post(
        "/telegram/webhook/", body, content_type="application/json",
        headers={"X-Telegram-Bot-Api-Secret-Token": "what-telegram-says"},
    )  # fmt: skip

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"from": None}, id="nobody"),
        pytest.param({"from": {"id": 7, "is_bot": True}}, id="a bot"),
        pytest.param({"chat": "x"}, id="no chat"),
        pytest.param({"from": {"id": 8}}, id="somebody else's chat"),
    ],
)
def test_a_message_of_another_shape_is_ignored(
    telegram: Any, written: Make, more: dict[str, Any]
) -> None:
    assert written("/help", **more) == 200
    assert states() == ["IGNORED"]


def test_the_sixth_command_within_ten_seconds_is_not_answered(telegram: Any, written: Make) -> None:
    [written("/help") for _ in range(6)]
    written("/help", person=8)

    assert updates.answer_owed() == 6
    assert states() == ["ANSWERED"] * 5 + ["IGNORED", "ANSWERED"]


def test_an_old_command_is_not_answered_any_more(telegram: Any, written: Make) -> None:
    written("/help")
    row = TelegramUpdate.objects.get()
    row.received_at -= timedelta(seconds=601)
    row.save()

    assert (updates.answer_owed(), states()) == (0, ["IGNORED"])


def test_an_answer_that_did_not_go_out_is_sent_again_as_it_was_written(
    telegram: Any, written: Make
) -> None:
    fine = telegram.answers["POST /bot"]
    telegram.on("POST /bot", {"ok": False, "error_code": 502, "description": "Bad Gateway"}, status=502)  # fmt: skip
    written("/help")
    updates.answer_owed()
    assert states() == ["PENDING"]

    TelegramUpdate.objects.update(text="/status")
    telegram.answers["POST /bot"] = fine
    updates.answer_owed()
    assert (states(), said(telegram)[-1]) == (["ANSWERED"], HELP)


def test_who_blocked_the_bot_is_left_alone(telegram: Any, written: Make) -> None:
    telegram.on("POST /bot", {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked"}, status=403)  # fmt: skip
    written("/help")

    assert (updates.answer_owed(), states()) == (0, ["DEAD"])
    assert "token" not in TelegramUpdate.objects.get().error


def test_an_answer_whose_worker_died_is_given_by_another_a_minute_later(
    telegram: Any, written: Make
) -> None:
    written("/help")
    rows = TelegramUpdate.objects.all()
    now = RealClock().now()
    rows.update(state="CLAIMED", attempts=1, claimed_at=now - timedelta(seconds=59))
    assert updates.answer_owed() == 0

    rows.update(claimed_at=now - timedelta(seconds=61))
    assert updates.answer_owed() == 1
    assert (states(), said(telegram)) == (["ANSWERED"], [HELP])


def test_an_answer_that_kills_its_worker_again_and_again_is_given_up(
    telegram: Any, written: Make
) -> None:
    written("/help")
    past = RealClock().now() - timedelta(seconds=61)
    TelegramUpdate.objects.update(state="CLAIMED", attempts=3, claimed_at=past)

    assert updates.answer_owed() == 0
    assert (states(), telegram.asked) == (["DEAD"], [])
