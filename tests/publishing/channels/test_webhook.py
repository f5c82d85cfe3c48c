"""Signed webhooks: what is signed, where we may be sent, and what an answer means."""

import hashlib
import hmac
import json
import socket
from dataclasses import replace
from typing import Any

import pytest

from publishing.channels.webhook import Settings, Webhook, target
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import NotConnected, PermanentError, TemporaryError

pytestmark = pytest.mark.enable_socket
REHEARSAL = Settings(1.0, 3.0, (10.0,), 259_200.0, 86_400.0, allow_private=True)
HOOK = "POST /hook"


def channel(url: str, *secrets: str, settings: Settings = REHEARSAL) -> Webhook:
    return Webhook(f"{url}/hook", secrets or ("whsec_a",), settings)


def expected(secret: str, asked: Any) -> str:
    """A receiver's own check, by the text of DOMAIN 7.8."""
    signed = asked.headers["X-QC-Timestamp"].encode() + b"." + asked.raw
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_a_receiver_can_check_the_signature(service: Any, message: Any) -> None:
    service.on(HOOK, {})
    receipt = channel(service.url).send(message())

    asked = service.asked[0]
    assert asked.headers["X-QC-Signature"] == expected("whsec_a", asked)
    assert receipt == asked.headers["X-QC-Event-Id"] == "T-1-2"
    age = RealClock().now().timestamp() - int(asked.headers["X-QC-Timestamp"])
    assert 0 <= age < 300


def test_the_body_is_versioned_and_holds_the_tiers_facts(service: Any, message: Any) -> None:
    service.on(HOOK, {})
    channel(service.url).send(message())

    body = json.loads(service.asked[0].raw)
    assert (body["schema"], body["v"], body["id"], body["type"]) == ("qc.event", 1, "T-1-2", "EXIT")
    assert body["data"] == {"kind": "EXIT", "fill_price": "3.18"}
    assert body["occurred_at"] == "2025-11-21T15:04:05.123Z"


def test_both_secrets_sign_while_they_rotate(service: Any, message: Any) -> None:
    service.on(HOOK, {})
    channel(service.url, "new", "old").send(message())

    asked = service.asked[0]
    both = [expected(secret, asked) for secret in ("new", "old")]
    assert asked.headers["X-QC-Signature"].split(",") == both


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_a_members_server_may_be_mended(service: Any, message: Any, status: int) -> None:
    service.on(HOOK, {}, status=status, Location="http://169.254.169.254/")

    with pytest.raises(TemporaryError, match=str(status)):
        channel(service.url).send(message())
    assert len(service.asked) == 1


def test_gone_is_for_ever(service: Any, message: Any) -> None:
    service.on(HOOK, {}, status=410)

    with pytest.raises(PermanentError):
        channel(service.url).send(message())


def test_no_answer_is_tried_again_with_the_same_id(service: Any, message: Any) -> None:
    service.on(HOOK, None, {})
    quick = replace(REHEARSAL, answer_timeout_s=0.1)
    with pytest.raises(TemporaryError):
        channel(service.url, settings=quick).send(message())
    channel(service.url, settings=quick).send(message())

    assert len({asked.headers["X-QC-Event-Id"] for asked in service.asked}) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook", "ftp://example.com/", "https://127.0.0.1/hook", "https://[::1]/hook",
        "https://169.254.169.254/latest/meta-data/", "https://10.0.0.8/", "https://192.168.1.1/",
        "https://0.0.0.0/", "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://224.0.0.1/",
        "https://user:pass@93.184.216.34/", "https:///hook", "https://100.64.0.1/", "https://2130706433/",
    ],
)  # fmt: skip
def test_no_member_sends_us_where_we_should_not_go(url: str) -> None:
    with pytest.raises(PermanentError):
        target(url, allow_private=False)


def test_a_public_address_is_called_as_it_was_looked_at() -> None:
    assert target("https://93.184.216.34/hook", allow_private=False) == "93.184.216.34"


def test_one_private_address_among_public_ones_is_enough(monkeypatch: Any) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    with pytest.raises(PermanentError):
        target("https://rebinding.example/", allow_private=False)


def test_an_unknown_name_is_tried_again(monkeypatch: Any) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    with pytest.raises(NotConnected):
        target("https://nowhere.example/", allow_private=False)
