"""Leave every position, verify at the broker that we are flat, stay halted."""

import getpass
import json
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from execution.services import flattening, wishes
from quanticity import halt_file
from quanticity.domain import clock

_LOOK_S = 0.5
_ASK_S = 2.0


class Command(BaseCommand):
    """Halt, close everything, look at the broker until nothing is left."""

    help = "Halt, close all positions and verify at the broker that we are flat; stays halted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the reason and how long to wait."""
        parser.add_argument("--reason", required=True)
        parser.add_argument("--wait", type=float, default=60.0, help="real seconds")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin every exit, then look until a snapshot of the broker shows that nothing is open."""
        actor = getpass.getuser()
        since = _begin(actor, options["reason"])
        left = _follow(since, options["wait"])
        found = flattening.report(left, since, actor=actor)
        self.stdout.write(json.dumps(found) if options["json"] else _say(found))
        if not left.flat:
            raise SystemExit(1)


def _begin(actor: str, reason: str) -> datetime:
    try:
        return flattening.begin(actor=actor, reason=reason)
    except DatabaseError as error:
        halt_file.write(actor, reason)
        raise CommandError(
            f"the database is away ({type(error).__name__}): nothing can be closed before it is "
            f"back. HALTED by {halt_file.path()}; what protects stays at the broker.",
            returncode=1,
        ) from error


def _follow(since: Any, wait_s: float) -> flattening.Leftovers:
    started = asked = time.monotonic()
    while True:
        left = flattening.look(since)
        now = time.monotonic()
        if left.flat or now - started > wait_s:
            return left
        if now - asked > _ASK_S:
            asked = now
            wishes.want_comparison()
        time.sleep(_LOOK_S)


def _say(found: dict[str, Any]) -> str:
    if found["flat"]:
        beside = "".join(f"\nnot ours, stays: {one}" for one in found["foreign"])
        seconds = found["time_to_flat_s"]
        return f"Flat {seconds} s after the halt, as the broker says; HALTED.{beside}"
    lines = ["Not flat; HALTED."]
    if found["pending_until"]:
        opens = clock.display(datetime.fromisoformat(found["pending_until"]))
        lines.append(f"The market is closed: exits wait for the open, {opens}.")
    kinds = (("positions", "still held"), ("entries", "entry works"), ("orphans", "sell works"))
    lines += [f"{word}: {one}" for kind, word in kinds for one in found[kind]]
    return "\n".join(lines)
