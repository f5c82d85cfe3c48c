"""Secrets never reach a log: every value of a secret variable is struck from every line written."""

import logging
import os
import re
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from urllib.parse import unquote, urlsplit

from django.conf import settings

_SECRET_NAME = re.compile(
    r"(SECRET|TOKEN|KEY|WEBHOOK|PASSWORD|DATABASE_URL|REDIS_URL|BROKER_URL|CHANNELS_URL|EMAIL_URL)"
)
_SHORTEST = 8

logger = logging.getLogger(__name__)


def secrets() -> list[str]:
    """All secret-looking variables' values and every address's password, longest first."""
    found = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    addresses = [value for value in os.environ.values() if "://" in value]
    found.update(_passwords([*addresses, str(getattr(settings, "REDIS_URL", ""))]))
    return sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True)


def _passwords(addresses: Iterable[str]) -> Iterable[str]:
    for address in addresses:
        try:
            password = urlsplit(address).password
        except ValueError:
            continue
        yield from () if password is None else (password, unquote(password))


def redact(text: str) -> str:
    """Strike every secret value from a text."""
    for value in secrets():
        text = text.replace(value, "[redacted]")
    return text


class Line(logging.Formatter):
    """Strikes secrets from all that a handler writes: the message, its traceback, its stack."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the whole text of a record without a secret in it."""
        return redact(super().format(record))


def log_what_ends_a_process() -> None:
    """Errors that nobody caught go through the log as well, not bare to stderr."""
    sys.excepthook = _log_end
    threading.excepthook = lambda end: _log_end(end.exc_type, end.exc_value, end.exc_traceback)


def _log_end(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger.critical("nobody caught %s", kind.__name__, exc_info=(kind, error or kind(), traceback))
