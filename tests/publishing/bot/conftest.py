"""A bot whose Telegram is a local server, and people who write to it."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from publishing.subscriptions.models import Entitlement
from quanticity.domain.tiers import Tier

SECRET = "what-telegram-says"
Make = Callable[..., Any]


@pytest.fixture
def telegram(db: None, no_store: None, service: Any, settings: Any) -> Any:
    """Telegram, which takes every answer."""
    settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_WEBHOOK_SECRET = "1:token", SECRET
    settings.TELEGRAM_API_URL = service.url
    settings.PUBLIC_URL = "https://quanticity.example"
    service.on("POST /bot", {"ok": True, "result": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}})  # fmt: skip
    return service


@pytest.fixture
def written(client: Client) -> Make:
    """Somebody writes to the bot; Telegram's request and our answer's status."""
    numbers = itertools.count(1)

    def write(
        text: str = "/help", person: int = 7, *, secret: str = SECRET, number: int | None = None,
        chat: str = "private", **more: Any,
    ) -> int:  # fmt: skip
        message = {
            "text": text,
            "from": {"id": person},
            "chat": {"id": person, "type": chat},
            **more,
        }
        body = {"update_id": number or next(numbers), "message": message}
        answer = client.post(
            "/telegram/webhook/", json.dumps(body), content_type="application/json",
            headers={"X-Telegram-Bot-Api-Secret-Token": secret},
        )  # fmt: skip
        return int(answer.status_code)

    return write


@pytest.fixture
def member(db: None) -> User:
    """A member of the premium tier."""
    user = User.objects.create_user("ada", password="x-long-enough")
    Entitlement.objects.create(user=user, tier=Tier.PREMIUM, state="ACTIVE", evidence="paid in_123")
    return user
