"""The console: one line per message on standard output; what an installation without keys has."""

import sys
from typing import ClassVar

from publishing.messages.message import TERMS, Message
from quanticity.domain.tiers import Tier


class Console:
    """Prints a tier's messages."""

    name: ClassVar[str] = "console"

    def __init__(self, tier: Tier) -> None:
        self._tier = tier

    def send(self, message: Message) -> str:
        """Print one line; its id is the message's token."""
        sys.stdout.write(line(message, self._tier) + "\n")
        sys.stdout.flush()
        return message.token


def line(message: Message, tier: Tier) -> str:
    """The message on one line: control characters in it cannot forge a second one."""
    parts = [f"{field.name}: {field.value}" for field in message.fields]
    text = " | ".join((f"{tier:<7}", message.title, *parts, message.footer))
    return "".join(c if c.isprintable() else " · " for c in text)


def page(message: Message) -> str:
    """The message as a block of lines, for a rehearsal."""
    lines = list(dict.fromkeys((message.headline, message.title)))  # a post has one of both
    for field in (*message.fields, TERMS):
        value = field.value.replace("\n", "\n    ")
        lines.append(f"  {field.name}: {value}")
    return "\n".join((*lines, message.footer, ""))
