"""Stop trading, or let it go on."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from execution.services import operating


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
        if options["clear"]:
            operating.resume(actor=actor, reason=reason, scope=scope)
            self.stdout.write(f"{scope}: ACTIVE")
            return
        cancelled = operating.halt(actor=actor, reason=reason, scope=scope)
        self.stdout.write(f"{scope}: HALTED, {cancelled} working entries are being cancelled")
