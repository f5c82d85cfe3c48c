"""What is secret reaches no line of a log, however it comes to stand in it."""

import io
import logging
import logging.config
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from quanticity import redaction

SECRET = "canary-7f3a9c-canary"
PASSWORD = "canary%2F5b1d"
NAMED = {
    "DISCORD_WEBHOOK_PREMIUM": f"https://discord.com/api/webhooks/1/{SECRET}",
    "STRIPE_SECRET_KEY": SECRET,
    "QC_SECRET_KEY": "short",
    "QC_PUBLIC_URL": "https://quanticity.example",
    "QC_EMAIL_URL": f"smtp://ops:{PASSWORD}@mail:587",
}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the handler that settings.LOGGING describes writes."""
    text = io.StringIO()
    lines = logging.StreamHandler(text)
    described = logging.config.DictConfigurator({"version": 1})
    lines.setFormatter(described.configure_formatter(dict(settings.LOGGING["formatters"]["line"])))
    logging.getLogger().addHandler(lines)
    yield text
    logging.getLogger().removeHandler(lines)


@pytest.mark.parametrize(
    ("said", "clean"),
    [
        pytest.param(f"key {SECRET} refused", "key [redacted] refused", id="a key"),
        pytest.param(
            f"POST {NAMED['DISCORD_WEBHOOK_PREMIUM']} 404", "POST [redacted] 404", id="the longer"
        ),
        pytest.param("no canary%2F5b1d", "no [redacted]", id="a password of an address"),
        pytest.param("no canary/5b1d", "no [redacted]", id="the same password as it is typed"),
        pytest.param("https://quanticity.example short", None, id="no secret"),
    ],
)
def test_what_is_secret_is_struck(said: str, clean: str | None) -> None:
    assert redaction.redact(said) == (clean or said)


def test_the_password_of_the_embedded_redis_is_struck(settings: Any) -> None:
    settings.REDIS_URL = "redis://:canary-embedded@127.0.0.1:6379/0"

    assert redaction.redact("AUTH canary-embedded") == "AUTH [redacted]"


@pytest.mark.parametrize(
    ("message", "args"),
    [
        pytest.param(f"refused: {SECRET}", (), id="in the message"),
        pytest.param("refused: %s", (SECRET,), id="in an argument"),
        pytest.param("refused: %r", ({"key": SECRET},), id="inside an argument"),
    ],
)
def test_no_message_carries_a_secret(
    written: io.StringIO, message: str, args: tuple[Any, ...]
) -> None:
    logging.getLogger("x").warning(message, *args)

    assert "refused: " in written.getvalue()
    assert SECRET not in written.getvalue()


def test_no_traceback_carries_a_secret(written: io.StringIO) -> None:
    error = RuntimeError(f"GET {NAMED['DISCORD_WEBHOOK_PREMIUM']} failed")

    logging.getLogger("x").error("the relay stumbled", exc_info=error, stack_info=True)

    assert "RuntimeError: GET [redacted] failed" in written.getvalue()


def test_what_ends_a_thread_or_a_process_is_a_line_of_the_log(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sys, threading):
        monkeypatch.setattr(module, "excepthook", None)
    redaction.log_what_ends_a_process()
    error = RuntimeError(f"key {SECRET}")

    threading.excepthook(threading.ExceptHookArgs((RuntimeError, error, None, None)))
    sys.excepthook(RuntimeError, error, None)

    assert written.getvalue().count("RuntimeError: key [redacted]") == 2


def test_an_interrupt_is_no_error(written: io.StringIO) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert written.getvalue() == ""


def test_the_web_servers_own_lines_go_through_ours() -> None:
    assert settings.LOGGING["loggers"]["uvicorn"]["handlers"] == ["console"]
