"""Telegram channels through python-telegram-bot: one message per event, replying to its entry.

The library is asyncio: one loop runs in a thread of its own for the whole process, so that bots
keep their connections. The bot's token is in every address; it stands in no error.
"""

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from threading import Thread
from typing import ClassVar

import httpx
from telegram import Bot, LinkPreviewOptions, ReplyParameters, error
from telegram.constants import ParseMode
from telegram.request import HTTPXRequest

from publishing.channels.base import RateLimited, Unanswered, without_addresses
from publishing.channels.pace import Limits, Pace
from publishing.channels.telegram_html import pages
from publishing.messages.message import Message
from quanticity.domain.errors import (
    ChannelRevoked,
    NotConnected,
    PermanentError,
    QuantiCityError,
    TemporaryError,
)

# Nothing of the request can have left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# The bot was thrown out, or its token changed.
REVOKED = (error.Forbidden, error.InvalidToken, error.EndPointNotFound, error.ChatMigrated)
GONE = "chat not found"
os.environ.setdefault("PTB_TIMEDELTA", "true")  # or the library warns of each wait it reports
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class Settings:
    """Real seconds to reach the service, and to wait for its answer; posts a second in all."""

    connect_timeout_s: float
    answer_timeout_s: float
    overall: Limits


class Telegram:
    """Posts to one chat."""

    name: ClassVar[str] = "telegram"

    def __init__(
        self,
        token: str,
        chat_id: str,
        api_url: str,
        site_url: str,
        settings: Settings,
        *,
        limits: Limits = (),
    ) -> None:
        self._token, self._chat_id, self._site_url = token, chat_id, site_url
        self._api_url, self._settings = api_url, settings
        self._pace = Pace(limits)

    def send(self, message: Message) -> str:
        """Post one message and return Telegram's id of its first part."""
        receipt = ""
        for text in pages(message, self._site_url + message.via):
            self._pace.note_sent()
            _overall(self._token, self._settings).note_sent()
            try:
                posted = self._post(text, receipt or message.follows)
            except (QuantiCityError, error.TelegramError) as failure:
                raise self._outcome(failure, begun=bool(receipt)) from None
            receipt = receipt or posted
        return receipt

    def say(self, text: str) -> None:
        """Answer in this chat, in plain text; publications keep the last of the bot's budget."""
        overall = _overall(self._token, self._settings)
        if overall.room() <= 1:
            raise RateLimited("telegram: the budget is publications'", retry_after=1.0)
        overall.note_sent()
        try:
            self._post(text, "", parse_mode=None)
        except (QuantiCityError, error.TelegramError) as failure:
            raise self._outcome(failure, begun=False) from None

    def listen(self, url: str, secret: str) -> None:
        """Have Telegram bring what people write to the bot to this address, with this secret."""
        bot = _bot(self._token, self._api_url, self._settings)
        asking = bot.set_webhook(url, secret_token=secret, allowed_updates=["message"])
        try:
            asyncio.run_coroutine_threadsafe(asking, _loop()).result(
                self._settings.answer_timeout_s
            )
        except error.TelegramError as failure:
            raise self._outcome(failure, begun=False) from None

    def ready_in_s(self) -> float:
        """By this chat's limits and by those of the bot as a whole."""
        overall = _overall(self._token, self._settings)
        return max(self._pace.ready_in_s(), overall.ready_in_s())

    def room(self) -> int:
        """How many posts may go now."""
        overall = _overall(self._token, self._settings)
        return min(self._pace.room(), overall.room())

    def _post(self, text: str, follows: str, parse_mode: ParseMode | None = ParseMode.HTML) -> str:
        bot = _bot(self._token, self._api_url, self._settings)
        reply = (
            ReplyParameters(int(follows), allow_sending_without_reply=True)
            if follows.isdecimal()
            else None
        )
        sending = bot.send_message(
            self._chat_id,
            text,
            parse_mode=parse_mode,
            reply_parameters=reply,
            link_preview_options=_NO_PREVIEW,
        )
        patience_s = self._settings.connect_timeout_s + 2 * self._settings.answer_timeout_s
        try:
            posted = asyncio.run_coroutine_threadsafe(sending, _loop()).result(patience_s)
        except TimeoutError:
            raise Unanswered("telegram: no answer") from None
        except ValueError:
            raise Unanswered("telegram: an answer without a message") from None
        return str(posted.message_id)

    def _outcome(self, failure: Exception, *, begun: bool) -> QuantiCityError:
        if begun:
            # A part of it stands there: neither sent nor unsent.
            return Unanswered(f"telegram: a later part failed ({type(failure).__name__})")
        if isinstance(failure, QuantiCityError):
            return failure
        said = without_addresses(f"telegram: {failure}").replace(self._token, "[token]")
        return _classified(failure, said)


def _classified(failure: Exception, said: str) -> QuantiCityError:
    if isinstance(failure, error.RetryAfter):
        wait = failure.retry_after
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        # It does not say whether the chat or the bot is meant; going on would earn a longer wait.
        return RateLimited(said, retry_after=seconds, everywhere=True)
    if isinstance(failure, REVOKED):
        return ChannelRevoked(said)
    if isinstance(failure, error.BadRequest):
        return ChannelRevoked(said) if GONE in said.lower() else PermanentError(said)
    if isinstance(failure.__cause__, NOT_SENT):
        return NotConnected(f"telegram: {type(failure.__cause__).__name__}")
    if failure.__cause__ is not None:
        name = type(failure.__cause__).__name__
        return Unanswered(f"telegram: {name} after the request was begun")
    return TemporaryError(said) if isinstance(failure, error.NetworkError) else PermanentError(said)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="telegram", daemon=True).start()
    return loop


@cache
def _bot(token: str, api_url: str, settings: Settings) -> Bot:
    request = HTTPXRequest(
        read_timeout=settings.answer_timeout_s,
        write_timeout=settings.answer_timeout_s,
        connect_timeout=settings.connect_timeout_s,
    )
    return Bot(token, base_url=f"{api_url}/bot", request=request)


@cache
def _overall(_token: str, settings: Settings) -> Pace:
    return Pace(settings.overall)
