"""`manage.py doctor`: is everything in order, and if not, what to do."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from quanticity.management import checkup

COLORS = {"ok": "green", "off": "dim", "warn": "yellow", "fail": "red"}


class Command(BaseCommand):
    """Examine the platform."""

    help = "Examine database, store, workers, gateway, credentials, clock, calendar and disk."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose the form."""
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        """Print every check; exit 1 when one fails."""
        document = checkup.document(checkup.look())
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2))
        else:
            _print(document)
        if not document["ok"]:
            sys.exit(1)


def _print(document: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for check in document["checks"]:
        color = COLORS[check["status"]]
        fix = f"\n[dim]→ {check['fix']}[/]" if check["fix"] else ""
        table.add_row(f"[{color}]{check['status']}[/]", check["name"], f"{check['detail']}{fix}")
    Console(highlight=False).print(table)
