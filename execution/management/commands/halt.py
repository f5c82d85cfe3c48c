"""Stop trading, or let it go on."""

import getpass
from argparse import ArgumentParser
from threading import Timer
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from execution import selectors
from execution.services import operating, watching
from quanticity import halt_file
from quanticity.domain.errors import MalformedInput

FILE_AFTER_S = 0.5  # real seconds; a halt is in force within one


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
            said = self._halt(scope, actor, reason)
        except MalformedInput as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(said)

    def _halt(self, scope: str, actor: str, reason: str) -> str:
        """Halt by a row; the global scope by a file as well, once the database is late or away."""
        by_file = Timer(FILE_AFTER_S, self._halt_by_file, (actor, reason))
        if scope == selectors.GLOBAL:
            by_file.start()
        try:
            cancelled = operating.halt(actor=actor, reason=reason, scope=scope)
        except DatabaseError as error:
            if scope != selectors.GLOBAL:
                why = f"the database is away ({type(error).__name__}): only global can be halted"
                raise CommandError(why, returncode=1) from error
            if not by_file.finished.is_set():
                self._halt_by_file(actor, reason)
            return "The gateway writes the row and the trail once the database is back."
        finally:
            by_file.cancel()
        return f"{scope}: HALTED, {cancelled} working entries are being cancelled"

    def _halt_by_file(self, actor: str, reason: str) -> None:
        halt_file.write(actor, reason)
        self.stdout.write(
            f"global: HALTED by {halt_file.path()}: the database does not answer; "
            "entries are stopped and called back. `halt --clear` takes it away."
        )
        self.stdout.flush()

    def _clear(self, scope: str, actor: str, reason: str) -> None:
        """End the operators' halt, and every breaker of the scope that an operator may end."""
        if settings.TRADING_MODE == "live":
            raise MalformedInput("live trading is resumed by two people: /admin/operate/resume/")
        operating.resume(actor=actor, reason=reason, scope=scope)
        holding = watching.release_scope(scope, actor=actor, reason=reason)
        self.stdout.write(f"{scope}: {selectors.trading_state(scope)}")
        for line in holding:
            self.stdout.write(f"still holding: {line}")
