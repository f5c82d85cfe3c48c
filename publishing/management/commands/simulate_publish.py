"""`simulate_publish`: every message of a trade's life, rendered without sending."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from publishing.rehearsal import rehearse
from publishing.scenarios import SCENARIOS

ALL = "all"


class Command(BaseCommand):
    """Shows or writes what each tier would read on each channel."""

    help = "Render every message of a trade's life for each tier and channel, without sending."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A scenario by name, and where to put the files."""
        parser.add_argument("--scenario", choices=[*SCENARIOS, ALL], default=ALL)
        parser.add_argument("--out", type=Path, metavar="DIR")

    def handle(self, *_: Any, scenario: str, out: Path | None, **__: Any) -> None:
        """Print the messages, or write one file for each."""
        count = 0
        for name in SCENARIOS if scenario == ALL else (scenario,):
            for preview in rehearse(SCENARIOS[name]):
                self._show(f"{name}-{preview.name}", preview.text, out)
                count += 1
        self.stdout.write(f"{count} messages rendered, none sent")

    def _show(self, name: str, text: str, out: Path | None) -> None:
        if out is None:
            self.stdout.write(f"--- {name}\n{text}")
            return
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
