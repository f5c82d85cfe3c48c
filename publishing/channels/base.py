"""What every channel promises."""

import re
from typing import ClassVar, Protocol, runtime_checkable

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


@runtime_checkable
class Paced(Protocol):
    """A channel that knows how soon it may post again."""

    def ready_in_s(self) -> float:
        """Real seconds until the next post."""
        ...

    def room(self) -> int:
        """How many posts may go now."""
        ...


@runtime_checkable
class Searchable(Protocol):
    """A channel that can be asked whether it has a message: ends the doubt after `Unanswered`."""

    def can_search(self) -> bool:
        """True when we hold what the search needs."""
        ...

    def find(self, token: str) -> str | None:
        """The channel's id of the message with this token; None when it has none.

        Raises TemporaryError or PermanentError when it cannot be known.
        """
        ...


class RateLimited(TemporaryError):  # noqa: N818 - an error is named after what happened
    """The service asked everyone on this route to wait; on all of its routes: `everywhere`."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, everywhere: bool = False
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.everywhere = everywhere


class Unanswered(QuantiCityError):  # noqa: N818 - an error is named after what happened
    """The call was begun and its end is not known."""


_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_LONGEST = 300


def without_addresses(text: str) -> str:
    """Strike every URL from what a service answered, and keep its beginning."""
    return _URL.sub("[address]", text)[:_LONGEST]
