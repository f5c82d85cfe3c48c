"""Signed webhooks to members' own addresses (DOMAIN 7.8).

The signature is HMAC-SHA256 over timestamp, a dot and the body, as `v1=hex`; during a rotation both
secrets sign. An address is resolved once, every answer must be a public one, and the call goes to
the very address that was looked at; redirects are not followed (RELIABILITY 2 H8).
"""

import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

import httpx

from publishing.channels import http
from publishing.channels.base import Unanswered, without_addresses
from publishing.messages.message import Message
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import NotConnected, PermanentError, TemporaryError
from quanticity.domain.readings import instant

SCHEMA, VERSION = "qc.event", 1
GONE = httpx.codes.GONE
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Settings:
    """Patience in real seconds; private addresses are for rehearsals on one machine only."""

    connect_timeout_s: float
    answer_timeout_s: float
    retry_s: tuple[float, ...]
    disable_after_s: float
    overlap_s: float
    allow_private: bool


class Webhook:
    """Posts to one member's address."""

    name: ClassVar[str] = "webhook"

    def __init__(self, url: str, secrets: Sequence[str], settings: Settings) -> None:
        self._url, self._secrets, self._settings = url, secrets, settings

    def send(self, message: Message) -> str:
        """Post one event; the receipt is the event's id, the same for every try."""
        event_id = message.token.removeprefix("#")
        body, at = encode(event_id, message), str(int(RealClock().now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "QuantiCity-Webhook/1",
            "X-QC-Event-Id": event_id,
            "X-QC-Timestamp": at,
            "X-QC-Signature": ",".join(signature(s, at, body) for s in self._secrets),
        }
        answer = self._post(body, headers)
        said = f"webhook: {answer.status_code} {without_addresses(answer.text)}"
        if answer.status_code == GONE:
            raise PermanentError(said)
        if not answer.is_success:
            # Whatever a member's server says, it may be mended: the ladder and the days decide.
            raise TemporaryError(said, retry_after=http.retry_after(answer))
        return event_id

    def _post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        parts = urlsplit(self._url)
        address = target(self._url, allow_private=self._settings.allow_private)
        literal = f"[{address}]" if ":" in address else address
        pinned = parts._replace(netloc=f"{literal}:{_port(parts)}").geturl()
        patience = http.Patience(self._settings.connect_timeout_s, self._settings.answer_timeout_s)
        # A client per host: connections are kept by address, and many hosts share one.
        client = http.client(patience, parts.netloc)
        request = client.build_request(
            "POST",
            pinned,
            content=body,
            headers=headers | {"Host": parts.netloc.rpartition("@")[2]},
            extensions={"sni_hostname": parts.hostname},
        )
        try:
            return http.ask(self.name, lambda: client.send(request))
        except Unanswered as error:
            # The receiver tells repeats by the event's id, so that trying again is no doubt.
            raise TemporaryError(str(error)) from None


def encode(event_id: str, message: Message) -> bytes:
    """The body: schema, version, and what this tier may see."""
    content: Mapping[str, Any] = {
        "schema": SCHEMA, "v": VERSION, "id": event_id, "type": message.kind,
        "occurred_at": instant(message.at), "text": message.title, "data": message.data,
    }  # fmt: skip
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver computes and compares."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


def target(url: str, *, allow_private: bool) -> str:
    """The address to call for a URL; PermanentError where it leads where no member may send us."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
        raise PermanentError("webhook: expected an https address without a user name")
    if parts.scheme != "https" and not allow_private:
        raise PermanentError("webhook: expected https")
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotConnected("webhook: the host's name is not known") from None
    addresses = [str(row[4][0]).partition("%")[0] for row in found]
    if not allow_private and not all(_is_public(address) for address in addresses):
        raise PermanentError("webhook: the host is not on the public internet")
    return addresses[0]


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    one = mapped or found
    return one.is_global and not one.is_multicast


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise PermanentError("webhook: expected a port number") from None
