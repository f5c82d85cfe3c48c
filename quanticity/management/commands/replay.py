"""`manage.py replay`: a recorded or simulated day through the whole pipeline, in its own world."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from quanticity.domain import calendar
from quanticity.management.replay import namespace, story
from quanticity.management.replay.run import Plan


class Command(BaseCommand):
    """Start a world of its own around the day; the platform that may be running notices nothing."""

    help = "Replay a recorded or simulated day through the whole pipeline, as fast as it goes."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the day, its seed, and how to tell; `--inside` is how it calls itself."""
        day = parser.add_mutually_exclusive_group(required=True)
        day.add_argument("--tape", type=Path, help="a recorded session")
        day.add_argument("--simulate", metavar="ISO_DATE", help="a simulated session")
        parser.add_argument("--seed", type=int, help="of the simulated market")
        parser.add_argument("--workers", type=int, default=1, help="threads; changes no answer")
        parser.add_argument("--out", type=Path, help="keep decisions, signals and messages here")
        parser.add_argument("--from-minute", type=float, default=0.0, help="since the open")
        parser.add_argument("--to-minute", type=float, help="since the open; default: the close")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--inside", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play the day, or the part that runs inside its own world."""
        plan = _plan(options)
        if options["inside"]:
            story.play(plan, options["out"], self.stdout, as_json=options["json"])
            return
        # Told to stop, it takes its world along.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        folder = Path(tempfile.mkdtemp(prefix="qc-replay-"))
        try:
            with namespace.world(folder) as environment:
                code = _inside(os.environ | environment)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if code:
            sys.exit(code)


def _inside(environment: dict[str, str]) -> int:
    again = (sys.executable, str(settings.BASE_DIR / "manage.py"), *sys.argv[1:], "--inside")
    with subprocess.Popen(again, env=environment) as child:
        try:
            return child.wait()
        finally:
            child.terminate()


def _plan(options: dict[str, Any]) -> Plan:
    if options["workers"] < 1:
        raise CommandError(
            f"--workers: expected at least 1, was {options['workers']}", returncode=2
        )
    tape = options["tape"]
    if tape is not None and not tape.exists():
        raise CommandError(f"--tape: expected a file or folder, was {tape}", returncode=2)
    minutes = (options["from_minute"], options["to_minute"])
    return Plan(_day(options["simulate"]), tape, options["seed"], options["workers"], minutes)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"--simulate: expected an ISO date, was {text!r}", returncode=2
        ) from error
    if not calendar.is_session(day):
        raise CommandError(f"--simulate: expected a trading session, was {day}", returncode=2)
    return day
