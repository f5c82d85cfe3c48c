"""IBKR's Flex Web Service, version 3: ask for a statement, then fetch it when it is made.

A request gives a reference; the statement of that reference is there seconds to minutes later, and
until then the service says 1019. A token may ask once a second and ten times a minute. Neither the
token nor an address is ever part of an error.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from quanticity.domain.errors import MalformedInput, PermanentError, TemporaryError

_VERSION = "3"
_IN_PROGRESS = "1019"
# What the manual says may be mended by asking later; every other code wants an operator.
_LATER = frozenset(
    {"1001", "1003", "1004", "1005", "1006", "1007", "1008", "1009", "1018", "1021"}
)  # fmt: skip
# Of these the same reference may still give a statement; after any other it is spoilt.
_PATIENT = frozenset({"1009", "1018"})
_NO_REFERENCE = "1017"
_BUSY_FROM = 500
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.flex]: real seconds, and bytes."""

    after_close_h: float
    morning_hour: int
    answer_s: float
    poll_s: float
    polls_n: int
    retry_s: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Account:
    """Where to ask, as whom, for which query."""

    url: str
    token: str
    query_id: str


class NotReady(TemporaryError):  # noqa: N818 - an error is named after what happened
    """The statement is being made."""


class Spoilt(TemporaryError):  # noqa: N818 - an error is named after what happened
    """This reference gives no statement any more: another one has to be asked for."""


@dataclass(frozen=True, slots=True)
class Requested:
    """What a request gave: the reference, and where its statement will be."""

    reference: str
    url: str


def request(account: Account, settings: Settings) -> Requested:
    """Ask for a statement to be made."""
    body = _get(f"{account.url}/SendRequest", account.token, account.query_id, settings)
    answer = _answer(body)
    if answer is None:
        raise MalformedInput("expected an answer of the Flex service, was something else")
    reference = answer.findtext("ReferenceCode", "").strip()
    if not reference:
        raise MalformedInput("expected a reference of the Flex service, was none")
    return Requested(reference, _trusted(answer.findtext("Url") or answer.findtext("url"), account))


def fetch(account: Account, reference: str, url: str, settings: Settings) -> bytes:
    """The statement of a reference; NotReady while it is being made, Spoilt when it never is."""
    body = _get(url or f"{account.url}/GetStatement", account.token, reference, settings)
    if _answer(body) is not None:
        raise MalformedInput("expected a statement, was an answer without one")
    if body.lstrip()[:1] == b"<" and b"<FlexQueryResponse" not in body[:4096]:
        raise TemporaryError("expected a statement, was another page")  # a house in maintenance
    return body


def _trusted(said: str | None, account: Account) -> str:
    """The address the service names, where it is the same house: our token goes nowhere else."""
    ours, theirs = urlsplit(account.url), urlsplit((said or "").strip())
    same_house = _house(ours.hostname) == _house(theirs.hostname) and theirs.port == ours.port
    if same_house and theirs.scheme == ours.scheme:
        return theirs.geturl()
    return f"{account.url}/GetStatement"


def _house(host: str | None) -> list[str]:
    return (host or "").lower().split(".")[-2:]


def _get(url: str, token: str, query: str, settings: Settings) -> bytes:
    wanted = {"t": token, "q": query, "v": _VERSION}
    found = bytearray()
    try:
        with httpx.stream(
            "GET", url, params=wanted, timeout=settings.answer_s,
            headers={"User-Agent": "quanticity"},
        ) as answer:  # fmt: skip
            if answer.status_code >= _BUSY_FROM or answer.status_code == _TOO_MANY:
                raise TemporaryError(f"the Flex service answered {answer.status_code}")
            if answer.status_code != httpx.codes.OK:
                raise PermanentError(f"the Flex service answered {answer.status_code}")
            for part in answer.iter_bytes():
                found += part
                if len(found) > settings.max_bytes:
                    raise PermanentError(f"the statement is over {settings.max_bytes} bytes")
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise PermanentError(f"expected an http address ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise TemporaryError(f"no answer of the Flex service ({type(error).__name__})") from None
    return bytes(found)


def _answer(body: bytes) -> ET.Element | None:
    """The service's own answer when it is a success, None when the body is another document."""
    if b"<FlexStatementResponse" not in body[:4096]:
        return None
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise MalformedInput("expected an answer without a document type")
    try:
        root = ET.fromstring(body)  # noqa: S314 - entities are refused above
    except ET.ParseError as error:
        raise MalformedInput(f"expected an answer of the Flex service, {error}") from error
    if root.findtext("Status", "").strip() == "Success":
        return root
    code = root.findtext("ErrorCode", "").strip()
    raise _refusal(code, root.findtext("ErrorMessage", "").strip()[:120])


def _refusal(code: str, text: str) -> TemporaryError | PermanentError:
    said = f"the Flex service says {code}: {text}"
    if code == _IN_PROGRESS:
        return NotReady(said)
    if code in _PATIENT:
        return TemporaryError(said)
    return Spoilt(said) if code in _LATER | {_NO_REFERENCE} else PermanentError(said)
