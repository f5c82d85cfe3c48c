"""Updates of the bot: stored as they come, answered afterwards, each once (RELIABILITY F11)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import F

from publishing import routes
from publishing.bot import commands
from publishing.bot.settings import Settings, settings
from publishing.channels.base import Unanswered
from publishing.subscriptions.models import TelegramUpdate
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import MalformedInput, PermanentError, TemporaryError

State = TelegramUpdate.State
_AT_ONCE, _TEXT = 20, 200


def store(said: Mapping[str, Any]) -> bool:
    """Keep one update; False when it is here already, MalformedInput when it is none."""
    number = said.get("update_id")
    if not isinstance(number, int):
        raise MalformedInput(f"expected an update of Telegram, was {type(number).__name__}")
    message = said.get("message")
    person, text = _private(message if isinstance(message, dict) else {})
    _, is_new = TelegramUpdate.objects.get_or_create(
        update_id=number,
        defaults={
            "telegram_id": person,
            "text": text[:_TEXT],
            "received_at": RealClock().now(),
            "state": State.IGNORED if person is None else State.PENDING,
        },
    )
    return is_new


def answer_owed() -> int:
    """Answer what waits, oldest first; return how many were answered."""
    if not django_settings.TELEGRAM_BOT_TOKEN:
        return 0
    _take_over(RealClock().now())
    rows = TelegramUpdate.objects.filter(state=State.PENDING).order_by("received_at", "pk")
    return sum(_answer(row, settings()) for row in rows[:_AT_ONCE])


def _private(message: Mapping[str, Any]) -> tuple[int | None, str]:
    """Who wrote what in a private chat; nobody elsewhere."""
    chat, sender = message.get("chat"), message.get("from")
    if not isinstance(chat, dict) or not isinstance(sender, dict):
        return None, ""
    person, text = sender.get("id"), message.get("text")
    is_private = chat.get("type") == "private" and chat.get("id") == person
    if not is_private or not isinstance(person, int) or sender.get("is_bot"):
        return None, ""
    return person, text if isinstance(text, str) else ""


def _take_over(now: datetime) -> None:
    """Have another try at what somebody claimed and did not bring to an end."""
    numbers = settings()
    left = TelegramUpdate.objects.filter(
        state=State.CLAIMED, claimed_at__lte=now - timedelta(seconds=numbers.claim_s)
    )
    left.filter(attempts__gte=numbers.tries).update(
        state=State.DEAD, error="no answer came to its end"
    )
    left.update(state=State.PENDING)


def _answer(row: TelegramUpdate, numbers: Settings) -> bool:
    now = RealClock().now()
    mine = TelegramUpdate.objects.filter(pk=row.pk, state=State.PENDING).update(
        state=State.CLAIMED, attempts=F("attempts") + 1, claimed_at=now
    )
    if not mine or row.telegram_id is None:
        return False
    if _is_too_old(row, now, numbers) or _is_too_much(row, numbers):
        return _settle(row, State.IGNORED)
    # Written once: a code is not used a second time because the answer did not go out.
    with transaction.atomic():
        text = row.reply or commands.reply(row.telegram_id, row.text)
        TelegramUpdate.objects.filter(pk=row.pk).update(reply=text)
    try:
        routes.telegram_chat(row.telegram_id).say(text)
    except TemporaryError as error:
        again = State.PENDING if row.attempts + 1 < numbers.tries else State.DEAD
        return _settle(row, again, error=str(error)[:300])
    except (PermanentError, Unanswered) as error:
        return _settle(row, State.DEAD, error=str(error)[:300])
    return _settle(row, State.ANSWERED)


def _is_too_old(row: TelegramUpdate, now: datetime, numbers: Settings) -> bool:
    return now - row.received_at > timedelta(seconds=numbers.answer_within_s)


def _is_too_much(row: TelegramUpdate, numbers: Settings) -> bool:
    since = row.received_at - timedelta(seconds=numbers.window_s)
    before = TelegramUpdate.objects.filter(
        telegram_id=row.telegram_id, received_at__gt=since, received_at__lte=row.received_at
    )
    return before.exclude(pk=row.pk).count() >= numbers.commands


def _settle(row: TelegramUpdate, to: State, **changes: object) -> bool:
    TelegramUpdate.objects.filter(pk=row.pk, state=State.CLAIMED).update(state=to, **changes)
    return to is State.ANSWERED
