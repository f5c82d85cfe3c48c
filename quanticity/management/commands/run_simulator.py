"""`manage.py run_simulator`: the simulated exchange behind the TWS protocol, alone."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from quanticity.domain import clock
from quanticity.domain.calendar import Session
from quanticity.domain.errors import QuantiCityError
from quanticity.gateway.simulated.assembly import open_floor, open_market
from quanticity.gateway.simulated.fault_script import Script, find, read
from quanticity.gateway.simulated.server import serve
from quanticity.runtime import anchor


class Command(BaseCommand):
    """Run the simulated exchange until SIGTERM."""

    help = "Run the simulated exchange behind the TWS protocol; prints `ready PORT`."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--port", type=int, required=True, help="0 takes any free port")
        parser.add_argument("--seed", type=int, help="makes the market")
        parser.add_argument("--speed", help="platform seconds per second, or `max`")
        parser.add_argument("--start", help="ISO instant of the start, New York without a zone")
        parser.add_argument("--tape", type=Path, help="replay recorded bars and prints")
        parser.add_argument("--faults", help="script of faults: a JSON file or a shipped name")
        parser.add_argument("--ledger", type=Path, help="books, read at start, kept up to date")
        parser.add_argument("--truth", type=Path, help="dealers' book and trade sides, written")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        try:
            market, recorded = open_market(options["seed"], options["tape"])
            free = set_clock(options["start"], options["speed"], recorded)
            script = read(find(options["faults"])) if options["faults"] else Script()
            floor = open_floor(None, options["ledger"], script, market, options["truth"])
            asyncio.run(serve(floor, options["port"], free))
        except (QuantiCityError, ValueError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error


@dataclass(frozen=True, slots=True)
class AnchoredClock:
    """Runs from an anchor that nobody else moves."""

    anchor: clock.Anchor

    @property
    def speed(self) -> float:
        """Platform seconds per real second."""
        return self.anchor.speed

    def now(self) -> datetime:
        """Platform time."""
        return self.anchor.at(clock.boot_seconds())


def set_clock(
    start: str | None, speed: str | None, recorded: list[Session]
) -> clock.ReplayedClock | None:
    """Install a clock of our own when asked to; a tape begins at its first session's open.

    At the speed `max` the clock is returned: it moves only as the exchange moves it.
    """
    if start is None and speed is None:
        return None
    times = _speed(speed)
    at = recorded[0].open_at if recorded else clock.now()
    if start is not None:
        at = anchor.parse(start)
    if times is None:
        free = clock.ReplayedClock(at)
        clock.install(free)
        return free
    clock.install(AnchoredClock(clock.Anchor(at, clock.boot_seconds(), times)))
    return None


# Platform seconds per second; None as fast as it goes.
def _speed(text: str | None) -> float | None:
    if text == "max":
        return None
    times = float(text or 1)
    if not times > 0:
        raise ValueError(f"--speed: expected a positive number or max, was {text}")
    return times
