"""`manage.py status`: processes, queues, signs of life, trading state, what is owed."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from quanticity.management import picture
from quanticity.management.screen import MIB, line


class Command(BaseCommand):
    """Show the state of the platform."""

    help = "Processes, queue depths, heartbeats, trading state, deliveries owed and late."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose the form."""
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        """Print the picture; exit 1 when something is not well."""
        document = picture.take()
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2))
        else:
            _print(document)
        if not document["ok"]:
            sys.exit(1)


def _print(document: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("process", "state"):
        table.add_column(title)
    for title in ("pid", "up s", "MiB", "restarts"):
        table.add_column(title, justify="right")
    table.add_column("last error", no_wrap=True, overflow="ellipsis", max_width=80)
    for one in document["processes"]:
        size = "-" if one["rss_bytes"] is None else f"{one['rss_bytes'] / MIB:.0f}"
        facts = (one["pid"], one["uptime_s"], size, one["restarts"], one["last_error"])
        table.add_row(one["name"], one["state"], *("-" if f is None else str(f) for f in facts))
    console = Console(highlight=False)
    console.print(table)
    for name, depth in (document["queues"] or {}).items():
        console.print(f"queue {name}: {depth} waiting")
    for name, life in (document["heartbeats"] or {}).items():
        seen = "silent" if life is None else f"seen {life['age_s']} s ago"
        console.print(f"{name}: {seen}")
    for one in document["sources"] or ():
        why = f", tried again in {one['retry_in_s']} s: {one['reason']}" if one["reason"] else ""
        console.print(f"source {one['feed']} {one['symbol']}: {one['state']}{why}")
    quiet = [f"{s} {how}" for s, how in _heard(document) if how != "UP"]
    if quiet:
        console.print(f"not heard: {', '.join(quiet)}")
    blind, naked = (_seconds(document[name]) for name in ("blind_s", "naked_s"))
    console.print(f"blind this session: {blind}; without a stop this session: {naked}")
    console.print(line(document))


def _seconds(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1f} s"


def _heard(document: dict[str, Any]) -> list[tuple[str, str]]:
    gateway = document["gateway"] or {}
    return sorted((gateway.get("feeds") or {}).items())
