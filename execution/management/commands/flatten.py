"""Leave every position, verify that we are flat, stay halted."""

import getpass
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from execution import selectors
from execution.services import operating


class Command(BaseCommand):
    """Halt, close everything, wait until the books are flat."""

    help = "Halt, close all positions and verify that we are flat; trading stays halted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the reason and how long to wait."""
        parser.add_argument("--reason", required=True)
        parser.add_argument("--wait", type=float, default=60.0, help="real seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin every exit, then look until nothing is open."""
        begun = operating.flatten(actor=getpass.getuser(), reason=options["reason"])
        started = time.monotonic()
        while time.monotonic() - started < options["wait"]:
            left = [p.pk for p in selectors.open_positions() if p.quantity_open]
            if not left:
                took = time.monotonic() - started
                self.stdout.write(f"flat after {took:.1f} s ({len(begun)} closed); HALTED")
                return
            time.sleep(0.2)
        self.stderr.write(f"not flat after {options['wait']:.0f} s: {', '.join(left)}; HALTED")
        raise SystemExit(1)
