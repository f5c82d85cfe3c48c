"""`manage.py listen_to_telegram`: have Telegram bring the bot's updates to our door."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from publishing import routes
from quanticity.domain.errors import QuantiCityError


class Command(BaseCommand):
    """Registers the address and the secret; once, and again when either changes."""

    help = "Tell Telegram where to bring what people write to the bot."

    def handle(self, *_: Any, **__: Any) -> None:
        """Ask, and say what was asked."""
        if not settings.TELEGRAM_BOT_TOKEN or not settings.TELEGRAM_WEBHOOK_SECRET:
            raise CommandError("expected TELEGRAM_BOT_TOKEN and TELEGRAM_WEBHOOK_SECRET")
        address = f"{settings.PUBLIC_URL}{reverse('telegram-webhook')}"
        try:
            routes.telegram_chat(0).listen(address, settings.TELEGRAM_WEBHOOK_SECRET)
        except QuantiCityError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Telegram brings updates to {address}.")
