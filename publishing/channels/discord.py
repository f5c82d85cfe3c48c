"""Discord webhooks: a message becomes an embed, an answer becomes an outcome (DOMAIN 7.4).

The webhook's address is its secret: it stands in no error and no log line. Limits are those of
https://discord.com/developers/docs/resources/message#embed-object-embed-limits.
"""

import hashlib
import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, ClassVar

import httpx

from publishing.channels.base import RateLimited, Unanswered, without_addresses
from publishing.channels.discord_embed import payload
from publishing.messages.message import Message
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import ChannelRevoked, NotConnected, PermanentError, TemporaryError

# The webhook was deleted, or its token changed.
REVOKED = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND})
# Nothing of the request can have left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# Ours to mend before anything is sent.
OUR_FAULT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)


@dataclass(frozen=True, slots=True)
class Settings:
    """Real seconds to reach the service, and to wait for its answer."""

    connect_timeout_s: float
    answer_timeout_s: float


class Discord:
    """Posts to one webhook."""

    name: ClassVar[str] = "discord"

    def __init__(self, url: str, site_url: str, settings: Settings, role_id: str = "") -> None:
        self._url, self._site_url, self._role_id = url, site_url, role_id
        self._settings = settings

    def send(self, message: Message) -> str:
        """Post one message and return Discord's id of it."""
        body = payload(message, self._site_url, self._role_id)
        try:
            # Without wait=true a message that could not be saved answers 204 all the same.
            answer = _client(self._settings).post(self._url, params={"wait": "true"}, json=body)
        except NOT_SENT as error:
            raise NotConnected(f"discord: {type(error).__name__}") from None
        except OUR_FAULT as error:
            raise PermanentError(
                f"discord: expected a webhook URL ({type(error).__name__})"
            ) from None
        except httpx.HTTPError as error:
            raise Unanswered(
                f"discord: {type(error).__name__} after the request was begun"
            ) from None
        return _classify(answer)


def fingerprint(url: str) -> str:
    """Tell one credential from the next without keeping either."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def _classify(answer: httpx.Response) -> str:
    if answer.is_success:
        return _message_id(answer)
    said = f"discord: {answer.status_code} {without_addresses(answer.text)}"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise RateLimited(said, retry_after=_retry_after(answer))
    if answer.is_server_error:
        raise TemporaryError(said, retry_after=_retry_after(answer))
    if answer.status_code in REVOKED:
        raise ChannelRevoked(said)
    raise PermanentError(said)


def _message_id(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["id"])[:64]
    except (ValueError, KeyError, TypeError):
        # Accepted, and by whom we do not know: a proxy, or a body cut off.
        raise Unanswered(f"discord: {answer.status_code} without a message id") from None


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds to wait as the body or a header says, as a number, text or date; None if neither."""
    try:
        said: Any = answer.json().get("retry_after")
    except (ValueError, AttributeError):
        said = None
    for value in (
        said,
        answer.headers.get("Retry-After"),
        answer.headers.get("X-RateLimit-Reset-After"),
    ):
        seconds = _seconds(value)
        if seconds is not None:
            return seconds
    return None


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = _until(str(value))
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - RealClock().now()).total_seconds()
    except (TypeError, ValueError):
        return math.nan


@cache
def _client(settings: Settings) -> httpx.Client:
    # One per process: a new TLS context for each message would cost more than the message.
    timeout = httpx.Timeout(settings.answer_timeout_s, connect=settings.connect_timeout_s)
    return httpx.Client(timeout=timeout, follow_redirects=False)
