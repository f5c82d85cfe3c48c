"""What every channel promises."""

import re
from typing import ClassVar, Protocol

from publishing.messages.message import Message
from quanticity.domain.errors import QuantiCityError, TemporaryError


class Channel(Protocol):
    """Sends one message once.

    Raises TemporaryError when trying again may work (RateLimited when the whole route has to
    wait), PermanentError when it cannot (ChannelRevoked when our credential was refused), and
    Unanswered when the message may or may not have arrived. Returns the channel's own id of what
    it posted. No error's text holds an address or a secret.
    """

    name: ClassVar[str]

    def send(self, message: Message) -> str:
        """Post one message."""
        ...


class RateLimited(TemporaryError):  # noqa: N818 - an error is named after what happened
    """The service asked everyone on this route to wait."""


class Unanswered(QuantiCityError):  # noqa: N818 - an error is named after what happened
    """The call was begun and its end is not known."""


_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_LONGEST = 300


def without_addresses(text: str) -> str:
    """Strike every URL from what a service answered, and keep its beginning."""
    return _URL.sub("[address]", text)[:_LONGEST]
