"""What the channels over HTTP share: one client per process, and what an answer means."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from publishing.channels.base import RateLimited, Unanswered, without_addresses
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import ChannelRevoked, NotConnected, PermanentError, TemporaryError

# Nothing of the request can have left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# Ours to mend before anything is sent.
OUR_FAULT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
_CONNECTIONS = 40


@dataclass(frozen=True, slots=True)
class Patience:
    """Real seconds to reach a service, and to wait for its answer."""

    connect_timeout_s: float
    answer_timeout_s: float


def ask(name: str, call: Callable[[], httpx.Response]) -> httpx.Response:
    """Make a call; say by the type of the error whether anything can have arrived."""
    try:
        return call()
    except NOT_SENT as error:
        raise NotConnected(f"{name}: {type(error).__name__}") from None
    except OUR_FAULT as error:
        raise PermanentError(f"{name}: expected a webhook URL ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise Unanswered(f"{name}: {type(error).__name__} after the request was begun") from None


def refuse(name: str, answer: httpx.Response, revoked: frozenset[int]) -> None:
    """Raise what an answer that is no success means; return when it is one."""
    if answer.is_success:
        return
    said = f"{name}: {answer.status_code} {without_addresses(answer.text)}"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        is_global = body(answer).get("global") is True or "X-RateLimit-Global" in answer.headers
        raise RateLimited(said, retry_after=retry_after(answer), everywhere=is_global)
    if answer.is_server_error:
        raise TemporaryError(said, retry_after=retry_after(answer))
    if answer.status_code in revoked:
        raise ChannelRevoked(said)
    raise PermanentError(said)


def retry_after(answer: httpx.Response) -> float | None:
    """Seconds to wait as the body or a header says, as a number, text or date; None if neither."""
    headers = answer.headers
    said = (body(answer).get("retry_after"), headers.get("Retry-After"))
    for value in (*said, headers.get("X-RateLimit-Reset-After")):
        found = seconds(value)
        if found is not None:
            return found
    return None


def body(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; empty when it is none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def seconds(value: Any) -> float | None:
    """Seconds as a service writes them: a number, its text, or a date to wait for."""
    if value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = _until(str(value))
    return max(found, 0.0) if math.isfinite(found) else None


def _until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - RealClock().now()).total_seconds()
    except (TypeError, ValueError):
        return math.nan


@cache
def client(patience: Patience, _owner: str = "") -> httpx.Client:
    """One per process and owner: a new TLS context for each message would cost more than it."""
    timeout = httpx.Timeout(patience.answer_timeout_s, connect=patience.connect_timeout_s)
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    return httpx.Client(timeout=timeout, limits=limits, follow_redirects=False)
