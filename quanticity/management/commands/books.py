"""Print what we believe: orders, fills, positions, cash, P&L."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from execution import selectors
from quanticity.domain.readings import plain


class Command(BaseCommand):
    """Our side of the books, for scripts and for people."""

    help = "Print our books: orders, fills, positions, cash, realised P&L, commissions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the form."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one document."""
        books = plain(selectors.books())
        if options["json"]:
            self.stdout.write(json.dumps(books))
            return
        for name, value in books.items():
            if not isinstance(value, list):
                self.stdout.write(f"{name}: {value}")
                continue
            self.stdout.write(f"{name}: {len(value)}")
            for row in value:
                self.stdout.write("  " + ", ".join(f"{k} {v}" for k, v in row.items()))
