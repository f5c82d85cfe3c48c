"""Discord: what is posted, and what each answer means. A real server on the loopback answers."""

import logging
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from publishing.channels.base import RateLimited, Unanswered
from publishing.channels.discord import Discord, Settings, fingerprint
from publishing.messages.message import Field, Message, Tone
from quanticity.domain.errors import (
    ChannelRevoked,
    NotConnected,
    PermanentError,
    QuantiCityError,
    TemporaryError,
)

pytestmark = pytest.mark.enable_socket
PATIENCE = Settings(connect_timeout_s=1.0, answer_timeout_s=5.0)
MESSAGE = Message(
    "#T-1-1", "ENTRY", "🟢 SPY bullish filled", "SPY 21 Nov 25 600C entry", Tone.BULLISH,
    (Field("Fill price", "2.00"),), "#T-1-1 · footer", datetime(2025, 11, 21, 15, 4, 5, 123_000, tzinfo=UTC),
)  # fmt: skip


def channel(url: str, patience: Settings = PATIENCE, **more: str) -> Discord:
    return Discord(url, "https://quanticity.example", patience, **more)


def outcome(fake: Any, message: Message = MESSAGE) -> QuantiCityError:
    with pytest.raises(QuantiCityError) as raised:
        channel(fake.url).send(message)
    return raised.value


def test_the_receipt_is_discords_message_id(fake_discord: Any) -> None:
    assert channel(fake_discord.url).send(MESSAGE) == "m1"
    assert fake_discord.requests[0]["path"].endswith("?wait=true")


def test_nobody_is_pinged(fake_discord: Any) -> None:
    channel(fake_discord.url).send(replace(MESSAGE, headline="@everyone <@&1>"))

    body = fake_discord.requests[0]["body"]
    assert body["allowed_mentions"] == {"parse": [], "roles": []}
    assert "@everyone" not in body["content"]


def test_only_the_configured_role_is_pinged(fake_discord: Any) -> None:
    channel(fake_discord.url, role_id="77").send(MESSAGE)

    body = fake_discord.requests[0]["body"]
    assert body["content"].startswith("<@&77> ")
    assert body["allowed_mentions"] == {"parse": [], "roles": ["77"]}


@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        pytest.param({"retry_after": 0.3}, {}, 0.3, id="number in the body"),
        pytest.param({"retry_after": "65"}, {}, 65.0, id="text in the body"),
        pytest.param({}, {"Retry_After": "3600"}, 3600.0, id="header"),
        pytest.param({}, {"X_RateLimit_Reset_After": "1.5"}, 1.5, id="rate-limit header"),
        pytest.param(
            {}, {"Retry_After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0, id="date that has passed"
        ),
        pytest.param({}, {}, None, id="missing"),
        pytest.param({"retry_after": "soon"}, {}, None, id="not a number"),
        pytest.param({"retry_after": float("nan")}, {}, None, id="nan"),
        pytest.param([], {}, None, id="another shape"),
    ],
)
def test_a_rate_limit_says_how_long(
    fake_discord: Any, body: Any, headers: dict[str, str], wait: float | None
) -> None:
    fake_discord.answer(429, body, **headers)

    error = outcome(fake_discord)

    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(500, TemporaryError, id="server error"),
        pytest.param(503, TemporaryError, id="unavailable"),
        pytest.param(400, PermanentError, id="refused as it is"),
        pytest.param(413, PermanentError, id="too large"),
        pytest.param(301, PermanentError, id="moved"),
        pytest.param(401, ChannelRevoked, id="unauthorized"),
        pytest.param(403, ChannelRevoked, id="forbidden"),
        pytest.param(404, ChannelRevoked, id="gone"),
        pytest.param(204, Unanswered, id="accepted without an id"),
    ],
)
def test_each_answer_has_its_outcome(fake_discord: Any, status: int, kind: type[Exception]) -> None:
    fake_discord.answer(status, {"message": "no"} if status != 204 else None)

    assert type(outcome(fake_discord)) is kind


def test_a_refusal_keeps_what_was_said_but_no_address(fake_discord: Any) -> None:
    fake_discord.answer(400, {"message": f"bad embed at {fake_discord.url}"})

    said = str(outcome(fake_discord))

    assert "bad embed" in said
    assert "s3cr3t" not in said
    assert "127.0.0.1" not in said


def test_no_answer_leaves_a_doubt(fake_discord: Any) -> None:
    fake_discord.script = [(0, {}, "")]

    with pytest.raises(Unanswered, match="ReadTimeout"):
        channel(fake_discord.url, replace(PATIENCE, answer_timeout_s=0.1)).send(MESSAGE)


def test_a_cut_connection_leaves_a_doubt(fake_discord: Any) -> None:
    fake_discord.script = [(0, {}, "")]
    fake_discord.let_go.set()

    assert isinstance(outcome(fake_discord), Unanswered)


def test_a_closed_door_is_temporary() -> None:
    with pytest.raises(NotConnected):
        channel("http://127.0.0.1:9/api/webhooks/1/s3cr3t").send(MESSAGE)


@pytest.mark.parametrize("url", ["not-a-url/s3cr3t", "ftp://host/s3cr3t", ""])
def test_what_is_no_webhook_is_permanent(url: str) -> None:
    with pytest.raises(PermanentError):
        channel(url).send(MESSAGE)


@pytest.mark.parametrize("status", [200, 400, 404, 429, 500, 0])
def test_the_address_is_in_no_log_and_no_traceback(
    fake_discord: Any, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    fake_discord.answer(status, {"id": "m1"})
    fake_discord.let_go.set()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as in settings.py
    caught = ""
    try:
        channel(fake_discord.url).send(MESSAGE)
    except QuantiCityError:
        caught = traceback.format_exc()

    assert "s3cr3t" not in caught + caplog.text


def test_fingerprints_tell_credentials_apart() -> None:
    assert fingerprint("https://a/1") != fingerprint("https://a/2")
    assert len(fingerprint("https://a/1")) == 12


def test_one_client_serves_the_process(fake_discord: Any) -> None:
    channel(fake_discord.url).send(MESSAGE)
    channel(fake_discord.url).send(MESSAGE)

    assert len(fake_discord.requests) == 2
    assert isinstance(httpx.codes.OK, int)


def test_discords_own_count_is_obeyed_before_it_refuses(fake_discord: Any) -> None:
    fake_discord.answer(200, {"id": "m1"}, X_RateLimit_Remaining="0", X_RateLimit_Reset_After="1.8")
    webhook = channel(fake_discord.url)
    webhook.send(MESSAGE)

    assert webhook.room() == 0
    assert 1.5 < webhook.ready_in_s() <= 1.8


def test_a_forum_gets_a_thread_for_each_trade(fake_discord: Any) -> None:
    wants = '{"code": 220001, "message": "Webhooks posted to forum channels must have a thread"}'
    fake_discord.script = [(400, {}, wants), (200, {}, '{"id": "m1", "channel_id": "t9"}')]
    webhook = channel(fake_discord.url)
    receipt = webhook.send(MESSAGE)
    fake_discord.answer(200, {"id": "m2", "channel_id": "t9"})

    assert receipt == "t9/m1"
    assert fake_discord.requests[1]["body"]["thread_name"] == MESSAGE.title
    assert webhook.send(replace(MESSAGE, follows=receipt)) == "t9/m2"
    assert fake_discord.requests[2]["path"].endswith("wait=true&thread_id=t9")


def test_a_deleted_thread_does_not_lose_the_message(fake_discord: Any) -> None:
    fake_discord.script = [(404, {}, '{"code": 10003}'), (200, {}, '{"id": "m3"}')]

    assert channel(fake_discord.url).send(replace(MESSAGE, follows="t9/m1")) == "m3"


def test_a_bot_finds_what_an_unanswered_call_left(service: Any) -> None:
    service.on("GET /api/webhooks/1/x", {"channel_id": "c5"})
    others = [{"id": "8", "embeds": [{"footer": {"text": "#T-1-11 · later"}}]}, {"id": "7", "embeds": []}]  # fmt: skip
    ours = {"id": "9", "embeds": [{"footer": {"text": "#T-1-1 · Nov 21"}}]}
    service.on("GET /api/channels/c5/messages", [*others, ours], others)
    webhook = channel(f"{service.url}/api/webhooks/1/x", bot_token="b0t")

    assert webhook.can_search()
    assert webhook.find("#T-1-1") == "9"
    assert service.asked[1].headers["Authorization"] == "Bot b0t"
    assert webhook.find("#T-1-1") is None
