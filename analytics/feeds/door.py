"""One GET to the world outside: deadlines that hold, a bounded body, errors that say who acts.

No address and no key is ever part of an error: an address may contain the key.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache

import httpx

from quanticity.domain.clock import RealClock
from quanticity.domain.errors import PermanentError, TemporaryError


@dataclass(frozen=True, slots=True)
class Settings:
    """Real seconds, and bytes."""

    connect_s: float
    total_s: float
    retries: int
    retry_base_s: float
    retry_jitter: float
    max_bytes: int
    pause_s: float
    note_pause_s: float


class Throttled(TemporaryError):  # noqa: N818 - an error is named after what happened
    """The provider asked for silence; `retry_after` says for how long."""


def get(
    url: str,
    params: Mapping[str, str],
    settings: Settings,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """The body of an answer, after a few attempts.

    Raises Throttled for 429, PermanentError for what trying again cannot mend, else TemporaryError.
    """
    for attempt in range(settings.retries + 1):
        try:
            return _once(url, params, settings)
        except Throttled:
            raise
        except TemporaryError:
            if attempt == settings.retries:
                raise
        spread = 1 + settings.retry_jitter * random.uniform(-1, 1)  # noqa: S311 - no secret
        sleep(settings.retry_base_s * 2**attempt * spread)
    raise TemporaryError("no attempt was made")


def _once(url: str, params: Mapping[str, str], settings: Settings) -> bytes:
    until_s = time.monotonic() + settings.total_s
    try:
        with _client(settings).stream("GET", url, params=dict(params)) as answer:
            _refuse(answer, settings)
            return _body(answer, until_s, settings)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
        raise PermanentError(f"expected an http address ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise TemporaryError(f"no answer ({type(error).__name__})") from None


def _refuse(answer: httpx.Response, settings: Settings) -> None:
    if answer.is_success:
        return
    said = f"answered {answer.status_code}"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled(said, retry_after=_retry_after(answer) or settings.pause_s)
    if answer.is_server_error:
        raise TemporaryError(said, retry_after=_retry_after(answer))
    raise PermanentError(said)


def _body(answer: httpx.Response, until_s: float, settings: Settings) -> bytes:
    # A server that sends one byte a second keeps every read within its own deadline.
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > settings.max_bytes:
            raise PermanentError(f"expected at most {settings.max_bytes} bytes, got more")
        if time.monotonic() > until_s:
            raise TemporaryError(f"no whole answer within {settings.total_s:g} s")
    return b"".join(parts)


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    if text.strip().isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - RealClock().now()).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


@cache
def _client(settings: Settings) -> httpx.Client:
    # One per process; a redirect could carry the key to somebody else.
    timeout = httpx.Timeout(settings.total_s, connect=settings.connect_s)
    return httpx.Client(timeout=timeout, follow_redirects=False)
