import logging

import pytest

from quanticity import redaction

SECRET = "canary-7f3a9c-canary"


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("DISCORD_WEBHOOK_PREMIUM", f"https://discord.com/api/webhooks/1/{SECRET}")
    monkeypatch.setenv("STRIPE_SECRET_KEY", SECRET)
    monkeypatch.setenv("QC_SECRET_KEY", "short")
    monkeypatch.setenv("QC_PUBLIC_URL", "https://quanticity.example")


def test_a_secret_is_struck_from_a_text() -> None:
    assert redaction.redact(f"key {SECRET} refused") == "key [redacted] refused"


def test_the_longer_secret_is_struck_whole() -> None:
    text = redaction.redact(f"POST https://discord.com/api/webhooks/1/{SECRET} 404")

    assert text == "POST [redacted] 404"


def test_what_is_no_secret_stays() -> None:
    assert (
        redaction.redact("https://quanticity.example short") == "https://quanticity.example short"
    )


@pytest.mark.parametrize(
    ("message", "args"),
    [
        pytest.param(f"refused: {SECRET}", (), id="in the message"),
        pytest.param("refused: %s", (SECRET,), id="in an argument"),
        pytest.param("refused: %r", ({"key": SECRET},), id="inside an argument"),
    ],
)
def test_no_secret_reaches_a_handler(message, args) -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, message, args, None)

    assert redaction.SecretsFilter().filter(record)
    assert SECRET not in record.getMessage()


def test_a_record_without_a_secret_is_left_alone() -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "filled %d", (3,), None)

    redaction.SecretsFilter().filter(record)

    assert (record.msg, record.args) == ("filled %d", (3,))
