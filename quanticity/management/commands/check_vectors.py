"""`manage.py check_vectors PATH`: every golden vector through the production code."""

import json
import math
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from quanticity import golden
from quanticity.domain.errors import MalformedInput
from quanticity.domain.readings import plain
from quanticity.golden import Tally

PACKAGES = (
    "quanticity.management",
    "analytics",
    "execution",
    "publishing",
    "reporting",
)
_SHOWN = 5


class Command(BaseCommand):
    """Compare, tell per kind, and exit 1 when anything is off."""

    help = "Run golden-vector files through the production code; exit 1 on any failure."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the files are, and the form of the answer."""
        parser.add_argument("path", metavar="PATH", type=Path)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check every file; exit 2 with one sentence when one cannot be read."""
        try:
            paths = golden.files(options["path"])
            checks = golden.discover(PACKAGES)
            tallies = [golden.run(path, checks) for path in paths]
        except MalformedInput as error:
            self.stderr.write(str(error))
            sys.exit(2)
        if options["json"]:
            self.stdout.write(json.dumps(document(tallies), indent=2))
        else:
            _print(tallies)
        if any(tally.failures for tally in tallies):
            sys.exit(1)


def document(tallies: list[Tally]) -> dict[str, Any]:
    """The answer as JSON: per kind its cases, worst error, tolerance and failures."""
    return {
        "ok": not any(tally.failures for tally in tallies),
        "kinds": {tally.kind: plain(_summary(tally)) for tally in tallies},
    }


def _summary(tally: Tally) -> dict[str, Any]:
    return {
        "cases": tally.cases,
        "values": tally.values,
        "worst_error": tally.worst_error,
        "worst_share_of_tolerance": tally.worst_ratio,
        "worst_at": tally.worst_at or None,
        "tolerance": tally.tolerance,
        "failures": tally.failures,
    }


def _print(tallies: list[Tally]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("kind", "cases", "values", "worst error", "of tolerance", "failures"):
        table.add_column(title, justify="left" if title == "kind" else "right")
    for tally in tallies:
        share = "inf" if math.isinf(tally.worst_ratio) else f"{tally.worst_ratio:.2%}"
        table.add_row(
            tally.kind,
            str(tally.cases),
            str(tally.values),
            f"{tally.worst_error:.2e}",
            share,
            str(len(tally.failures)),
        )
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(table)
    for tally in tallies:
        for failure in tally.failures[:_SHOWN]:
            console.print(
                f"{tally.kind} {failure.case} {failure.path}: "
                f"expected {failure.want!r}, was {failure.got!r}"
            )
        if len(tally.failures) > _SHOWN:
            console.print(f"{tally.kind}: and {len(tally.failures) - _SHOWN} more")
