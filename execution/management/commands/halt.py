"""Stop trading, or let it go on."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from execution import selectors
from execution.services import operating, watching
from quanticity.domain.errors import MalformedInput


class Command(BaseCommand):
    """Halt everything but protection; `--clear` lets trading go on."""

    help = "Halt trading (protection keeps working), or clear a halt; a reason is required."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the reason and the scope."""
        parser.add_argument("--reason", required=True)
        parser.add_argument("--clear", action="store_true")
        parser.add_argument("--scope", default="global", help="global, a strategy or a symbol")

    def handle(self, *args: Any, **options: Any) -> None:
        """Call the service, say what it did."""
        actor, reason, scope = getpass.getuser(), options["reason"], options["scope"]
        try:
            if options["clear"]:
                self._clear(scope, actor, reason)
                return
            cancelled = operating.halt(actor=actor, reason=reason, scope=scope)
        except MalformedInput as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{scope}: HALTED, {cancelled} working entries are being cancelled")

    def _clear(self, scope: str, actor: str, reason: str) -> None:
        """End the operators' halt, and every breaker of the scope that an operator may end."""
        if settings.TRADING_MODE == "live":
            raise MalformedInput("live trading is resumed by two people: /admin/operate/resume/")
        operating.resume(actor=actor, reason=reason, scope=scope)
        holding = watching.release_scope(scope, actor=actor, reason=reason)
        self.stdout.write(f"{scope}: {selectors.trading_state(scope)}")
        for line in holding:
            self.stdout.write(f"still holding: {line}")
