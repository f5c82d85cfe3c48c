"""Secrets never reach a log: every value of a secret variable is struck from every record."""

import logging
import os
import re

_SECRET_NAME = re.compile(r"(SECRET|TOKEN|KEY|WEBHOOK|PASSWORD|DATABASE_URL|REDIS_URL|BROKER_URL)")
_SHORTEST = 8


def secrets() -> list[str]:
    """Values of all secret-looking variables of this process, longest first."""
    found = {
        value
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST
    }
    return sorted(found, key=len, reverse=True)


def redact(text: str) -> str:
    """Strike every secret value from a text."""
    for value in secrets():
        text = text.replace(value, "[redacted]")
    return text


class SecretsFilter(logging.Filter):
    """Strikes secrets from the message before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; always let it through."""
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
