"""Telegram through python-telegram-bot: what is posted, and what each answer means."""

from dataclasses import replace
from typing import Any

import pytest

from publishing.channels.base import RateLimited, Unanswered
from publishing.channels.telegram import Settings, Telegram
from publishing.messages.message import Field
from quanticity.domain.errors import (
    ChannelRevoked,
    NotConnected,
    PermanentError,
    QuantiCityError,
    TemporaryError,
)

pytestmark = pytest.mark.enable_socket
PATIENCE = Settings(connect_timeout_s=1.0, answer_timeout_s=3.0, overall=())
TOKEN = "123456:s3cr3t-token"
SEND = "POST /bot"


def channel(url: str, patience: Settings = PATIENCE, **more: Any) -> Telegram:
    return Telegram(TOKEN, "@premium", url, "https://quanticity.example", patience, **more)


def posted(number: int) -> dict[str, Any]:
    return {"ok": True, "result": {"message_id": number, "date": 0, "chat": {"id": 1, "type": "channel"}}}  # fmt: skip


def refused(code: int, said: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": said, "parameters": more}


def outcome(service: Any, message: Any, patience: Settings = PATIENCE) -> QuantiCityError:
    with pytest.raises(QuantiCityError) as raised:
        channel(service.url, patience).send(message())
    return raised.value


def test_the_receipt_is_telegrams_message_id(service: Any, message: Any) -> None:
    service.on(SEND, posted(42))

    assert channel(service.url).send(message()) == "42"
    form = service.asked[0].form
    assert (form["chat_id"], form["parse_mode"]) == ("@premium", "HTML")
    assert "<b>Exit price</b>: 3.18 (entry 2.00)" in form["text"]


def test_an_exit_replies_to_its_entry(service: Any, message: Any) -> None:
    service.on(SEND, posted(43))
    channel(service.url).send(message(follows="42"))

    assert '"message_id": 42' in service.asked[0].form["reply_parameters"]


def test_outside_text_cannot_be_markup(service: Any, message: Any) -> None:
    service.on(SEND, posted(1))
    channel(service.url).send(message(fields=(Field("Notice", "<a href='x'>free</a> & more"),)))

    assert "&lt;a href=" in service.asked[0].form["text"]
    assert "free&lt;/a&gt; &amp; more" in service.asked[0].form["text"]


def test_a_long_message_is_split_at_lines(service: Any, message: Any) -> None:
    service.on(SEND, posted(7), posted(8), posted(9))
    lines = tuple(Field(f"Trade {n}", "x" * 100) for n in range(60))

    assert channel(service.url).send(message(fields=lines)) == "7"
    texts = [asked.form["text"] for asked in service.asked]
    assert len(texts) == 2
    assert all(len(text) <= 4096 for text in texts)
    assert "\n".join(texts).count("<b>Trade ") == 60
    assert '"message_id": 7' in service.asked[1].form["reply_parameters"]


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        pytest.param(400, refused(400, "Bad Request: message is too long"), PermanentError, id="refused"),
        pytest.param(400, refused(400, "Bad Request: chat not found"), ChannelRevoked, id="no such chat"),
        pytest.param(401, refused(401, "Unauthorized"), ChannelRevoked, id="token changed"),
        pytest.param(403, refused(403, "Forbidden: bot was kicked"), ChannelRevoked, id="kicked"),
        pytest.param(404, refused(404, "Not Found"), ChannelRevoked, id="no such bot"),
        pytest.param(500, refused(500, "Internal Server Error"), TemporaryError, id="server error"),
        pytest.param(502, refused(502, "Bad Gateway"), TemporaryError, id="bad gateway"),
    ],
)  # fmt: skip
def test_each_answer_has_its_outcome(
    service: Any, message: Any, status: int, said: Any, kind: type[Exception]
) -> None:
    service.on(SEND, said, status=status)

    failure = outcome(service, message)

    assert type(failure) is kind
    assert "s3cr3t" not in str(failure)


def test_a_rate_limit_says_how_long(service: Any, message: Any) -> None:
    service.on(SEND, refused(429, "Too Many Requests: retry after 12", retry_after=12), status=429)

    failure = outcome(service, message)

    assert isinstance(failure, RateLimited)
    assert failure.retry_after == 12.0
    assert failure.everywhere


def test_a_cut_connection_leaves_a_doubt(service: Any, message: Any) -> None:
    service.on(SEND, None)
    service.let_go.set()

    assert isinstance(outcome(service, message), Unanswered)


def test_no_answer_leaves_a_doubt(service: Any, message: Any) -> None:
    service.on(SEND, None)

    failure = outcome(service, message, replace(PATIENCE, answer_timeout_s=0.1))

    assert isinstance(failure, Unanswered)


def test_a_closed_door_is_temporary(message: Any) -> None:
    with pytest.raises(NotConnected):
        channel("http://127.0.0.1:9").send(message())


def test_a_part_that_fails_leaves_a_doubt_about_the_whole(service: Any, message: Any) -> None:
    service.on(SEND, posted(1))
    service.answers[SEND].append((500, {}, '{"ok": false}'))
    lines = tuple(Field(f"Trade {n}", "x" * 100) for n in range(60))

    with pytest.raises(Unanswered):
        channel(service.url).send(message(fields=lines))


def test_a_chats_budget_is_kept(service: Any, message: Any) -> None:
    service.on(SEND, posted(1))
    limited = channel(service.url, limits=((1, 60.0), (20, 600.0)))
    before = limited.room()
    limited.send(message())

    assert (before, limited.room()) == (1, 0)
    assert 59 < limited.ready_in_s() <= 60
