"""One worker of two that gate at once: `gate_app.py begin`, then twice `gate_app.py gate N`."""

import os
import sys
import time
from pathlib import Path
from types import ModuleType

import django

# A library installs a package of this name; ours is meant.
ours = ModuleType("tests")
ours.__path__ = [str(Path(__file__).parents[1])]
sys.modules["tests"] = ours
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
django.setup()

from execution.services import opening  # noqa: E402
from quanticity.domain import clock  # noqa: E402
from quanticity.domain.clock import ReplayedClock  # noqa: E402
from quanticity.domain.orders import Margin, Ticket  # noqa: E402
from quanticity.gateway import commands  # noqa: E402
from tests import desks, factories  # noqa: E402
from tests.analytics import toy_chains  # noqa: E402

PLACE = Path(os.environ["QC_VAR"])
PATIENCE_S = 60


def begin() -> None:
    """A quiet morning, and two signals that could each have the one place there is."""
    factories.quiet_world()
    for n in (1, 2):
        factories.signal(n, reference={"mid": str(factories.mid())}, state="ended")


def gate(number: str) -> None:
    """Take one signal; at the broker's question wait until the other worker is there as well."""

    def answer(ticket: Ticket) -> Margin:
        (PLACE / f"passed{number}").touch()
        deadline = time.monotonic() + PATIENCE_S
        while len(list(PLACE.glob("passed*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        return desks.enough(ticket)

    with commands.answered_by(answer):
        opening.open_position(f"SG-{int(number):026}")


with clock.using(ReplayedClock(toy_chains.AS_OF)):
    begin() if sys.argv[1] == "begin" else gate(sys.argv[2])
