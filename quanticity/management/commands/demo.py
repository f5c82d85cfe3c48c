"""`make demo`: a tick becomes every tier's message, on scaled time, without a single key."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from quanticity.management.demo import story
from quanticity.management.demo.receiver import Receiver
from quanticity.runtime.ports import usable

_SPEED = 12.0
_START = "2026-11-20T15:00:00Z"
_TIERS = ("premium", "basic", "free")


class Command(BaseCommand):
    """Start a platform of its own, rehearse a trade, follow it, stop, tell what happened."""

    help = "Show a tick becoming every tier's message in about a minute; exits 0 when it did."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the speed; `--inside` is how the demo calls itself on its own platform."""
        parser.add_argument("--speed", type=float, default=_SPEED, help="platform s per real s")
        parser.add_argument("--keep", action="store_true", help="keep the demo's folder")
        parser.add_argument("--inside", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play the demo, or the part of it that runs inside its platform."""
        if options["inside"]:
            _tell(story.play())
            return
        began_s = time.monotonic()
        code = _on_own_platform(options["speed"], keep=options["keep"])
        self.stdout.write(
            f"{'Done' if code == 0 else 'FAILED'} in {time.monotonic() - began_s:.0f} s."
        )
        if code:
            raise SystemExit(code)


def _on_own_platform(speed: float, *, keep: bool) -> int:
    folder, receiver = Path(tempfile.mkdtemp(prefix="qc-demo-")), Receiver()
    environment = os.environ | {
        "QC_VAR": str(folder),
        "QC_PORT": str(usable(None)),
        "QC_FLOWER_PORT": str(usable(None)),
        "QC_TRADING_MODE": "sim",
        **{f"DISCORD_WEBHOOK_{tier.upper()}": receiver.webhook(tier) for tier in _TIERS},
    }
    manage = (sys.executable, str(settings.BASE_DIR / "manage.py"))
    try:
        up = (*manage, "up", "--detach", "--speed", str(speed), "--start", _START)
        code = subprocess.run((*up, "--port", environment["QC_PORT"]), env=environment, check=False)
        if code.returncode == 0:
            code = subprocess.run((*manage, "demo", "--inside"), env=environment, check=False)
        _tell_received(receiver)
        subprocess.run((*manage, "down"), env=environment, check=False)
        return code.returncode
    finally:
        receiver.close()
        if keep:
            sys.stdout.write(f"kept: {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _tell(told: story.Story) -> None:
    table = Table("New York", "what happened", title="One trade, on the simulated exchange")
    for at, text in told.lines:
        table.add_row(at, text)
    console = Console(width=110)
    console.print(table)
    console.print(story.scored())


def _tell_received(receiver: Receiver) -> None:
    if not receiver.received:
        return
    first_s = receiver.received[0].at_s
    table = Table("real s", "tier", "title", title="What the stand-in for Discord received")
    for one in receiver.received:
        table.add_row(f"+{one.at_s - first_s:.1f}", one.tier, one.title)
    Console(width=110).print(table)
