"""Discord webhooks: a message becomes an embed, an answer becomes an outcome (DOMAIN 7.4).

The webhook's address is its secret: it stands in no error and no log line. Limits are those of
https://discord.com/developers/docs/resources/message#embed-object-embed-limits. In a forum channel
each trade is a thread: its first post opens it, the receipt names it, the rest follow into it.
"""

import hashlib
from typing import Any, ClassVar

import httpx

from publishing.channels import http
from publishing.channels.base import Unanswered
from publishing.channels.discord_embed import cut, payload
from publishing.channels.http import Patience as Settings
from publishing.channels.pace import Limits, Pace
from publishing.messages.message import Message
from quanticity.domain.errors import TemporaryError

__all__ = ["REVOKED", "Discord", "Settings", "fingerprint"]

# The webhook was deleted, or its token changed.
REVOKED = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND})
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
FORUM_WANTS_A_THREAD = 220_001
NO_SUCH_CHANNEL = 10_003
THREAD_NAME = 100
_LOOKED_THROUGH = 50


class Discord:
    """Posts to one webhook; with a bot's token it can also look up what it posted."""

    name: ClassVar[str] = "discord"

    def __init__(
        self,
        url: str,
        site_url: str,
        settings: Settings,
        role_id: str = "",
        *,
        bot_token: str = "",
        limits: Limits = (),
    ) -> None:
        self._url, self._site_url, self._role_id = url, site_url, role_id
        self._settings, self._bot_token = settings, bot_token
        self._pace = Pace(limits)

    def send(self, message: Message) -> str:
        """Post one message and return Discord's id of it, after its thread's where it has one."""
        pings = message.kind == "ENTRY" or message.data.get("urgent")
        body = payload(message, self._site_url + message.via, self._role_id if pings else "")
        thread = message.follows.partition("/")[0] if "/" in message.follows else ""
        answer = self._post(body, {"thread_id": thread} if thread else {})
        if thread and _code(answer) == NO_SUCH_CHANNEL:
            thread, answer = "", self._post(body, {})  # somebody deleted the thread
        if _code(answer) == FORUM_WANTS_A_THREAD:
            answer = self._post(body | {"thread_name": cut(message.title, THREAD_NAME)}, {})
            thread = str(http.body(answer).get("channel_id", ""))
        http.refuse(self.name, answer, REVOKED)
        return f"{thread}/{_message_id(answer)}" if thread else _message_id(answer)

    def ready_in_s(self) -> float:
        """By Discord's own count of what is left, and by its known limits."""
        return self._pace.ready_in_s()

    def room(self) -> int:
        """How many posts may go now."""
        return self._pace.room()

    def can_search(self) -> bool:
        """A webhook cannot read its channel; a bot may."""
        return bool(self._bot_token)

    def find(self, token: str) -> str | None:
        """Look for a token among the channel's latest messages."""
        api = self._url.partition("/webhooks/")[0]
        place = self._get(self._url, {}).get("channel_id")
        if place is None:
            raise TemporaryError("discord: the webhook does not name its channel")
        headers = {"Authorization": f"Bot {self._bot_token}"}
        found = self._get(f"{api}/channels/{place}/messages?limit={_LOOKED_THROUGH}", headers)
        for message in found.get("messages", ()):
            if _carries(message, token):
                return str(message["id"])[:64]
        return None

    def _get(self, url: str, headers: dict[str, str]) -> dict[str, Any]:
        client = http.client(self._settings)
        try:
            answer = http.ask(self.name, lambda: client.get(url, headers=headers))
        except Unanswered as error:  # reading twice does no harm
            raise TemporaryError(str(error)) from None
        http.refuse(self.name, answer, frozenset())
        try:
            said = answer.json()
        except ValueError:
            raise TemporaryError("discord: an answer that is no JSON") from None
        return {"messages": said} if isinstance(said, list) else dict(said)

    def _post(self, body: dict[str, Any], params: dict[str, str]) -> httpx.Response:
        # Without wait=true a message that could not be saved answers 204 all the same.
        query, client = {"wait": "true", **params}, http.client(self._settings)
        self._pace.note_sent()
        answer = http.ask(self.name, lambda: client.post(self._url, params=query, json=body))
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            self._pace.rest(http.seconds(answer.headers.get("X-RateLimit-Reset-After")) or 0.0)
        return answer


def fingerprint(credential: str) -> str:
    """Tell one credential from the next without keeping either."""
    return hashlib.sha256(credential.encode()).hexdigest()[:12]


def _code(answer: httpx.Response) -> Any:
    return None if answer.is_success else http.body(answer).get("code")


def _carries(message: Any, token: str) -> bool:
    embeds = message.get("embeds") or []
    footers = [str((embed.get("footer") or {}).get("text", "")) for embed in embeds]
    return any(footer.split(" ")[0] == token for footer in footers)


def _message_id(answer: httpx.Response) -> str:
    found = http.body(answer).get("id")
    if found is None:
        # Accepted, and by whom we do not know: a proxy, or a body cut off.
        raise Unanswered(f"discord: {answer.status_code} without a message id")
    return str(found)[:40]
