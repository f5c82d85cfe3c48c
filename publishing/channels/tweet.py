"""A message as the text of a post on X: 280 weighted characters (DOMAIN 7.7)."""

import re

from publishing.messages.message import Field, Message
from publishing.messages.weight import fits

TERMS_PATH = "/legal/disclaimer/"
_MENTION = re.compile(r"[@#]|https?://", re.IGNORECASE)
_LEFT_OUT = ("Receipt", "Upgrade", "Contract", "Disclaimer")
_ELLIPSIS = "…"


def text(message: Message, site_url: str) -> str:
    """Title, facts, the disclaimer's address and the token; facts are dropped from the end."""
    closing = f"Not advice: {site_url}{TERMS_PATH} {message.token}"
    clauses = [_clause(field) for field in message.fields if field.name not in _LEFT_OUT]
    for count in range(len(clauses), -1, -1):
        written = "\n".join([_plain(message.title), *clauses[:count], closing])
        if fits(written):
            return written
    return _shortened(_plain(message.title), closing)


def _clause(field: Field) -> str:
    return f"{field.name}: {_plain(field.value)}".replace("\n", ", ")


def _plain(value: str) -> str:
    # Outside text names nobody, tags nothing and links nowhere.
    return _MENTION.sub("", value)


def _shortened(title: str, closing: str) -> str:
    words = title.split(" ")
    while words and not fits("\n".join([" ".join(words) + _ELLIPSIS, closing])):
        words.pop()
    return "\n".join([" ".join(words) + _ELLIPSIS, closing])
