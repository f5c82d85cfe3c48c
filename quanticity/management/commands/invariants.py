"""What must hold, asked of the rows as they are: holds or not, what breaks it, query time."""

import json
import time
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand

from execution.invariants import INVARIANTS, Invariant

_SHOWN = 5


class Command(BaseCommand):
    """Run every query; exit 1 when one of them finds something."""

    help = "Every invariant of RELIABILITY 3 that is a query: holds or not, and what breaks it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, print, say by the exit code whether all of it holds."""
        answers = [_ask(one) for one in INVARIANTS]
        holds = all(answer["holds"] for answer in answers)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": holds, "invariants": answers}))
        else:
            for answer in answers:
                self.stdout.write(_line(answer))
        if not holds:
            raise SystemExit(1)


def _ask(one: Invariant) -> dict[str, Any]:
    started = time.perf_counter()
    found = list(one.query())
    took_ms = (time.perf_counter() - started) * 1_000
    return {
        "name": one.name,
        "says": one.says,
        "holds": not found,
        "figure": len(found),
        "offenders": list(islice(found, _SHOWN)),
        "query_ms": round(took_ms, 2),
    }


def _line(answer: dict[str, Any]) -> str:
    state = "holds" if answer["holds"] else f"BROKEN by {answer['figure']}"
    tail = "" if answer["holds"] else f": {', '.join(answer['offenders'])}"
    return f"{state:<14} {answer['name']:<22} {answer['says']} ({answer['query_ms']} ms){tail}"
