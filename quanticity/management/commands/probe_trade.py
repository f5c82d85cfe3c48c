"""Rehearse a trade by hand: one signal through the whole pipeline, labelled PROBE, never public."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analytics import selectors as analytics
from execution import selectors
from execution.models import Order, OrderIntent
from quanticity.domain import calendar, clock
from quanticity.domain.orders import Role
from quanticity.management import rehearsals

_PATIENCE_S = 15.0
_START_S = 30.0
_LOOK_S = 1.0
_WAITING = ("NEW", "CHECKED", "SIZED", "SUBMITTING")
_OPEN = (*_WAITING, "WORKING", "PARTIAL", "CANCEL_PENDING")  # the broker may still fill it
_WELL = ("WORKING", "PARTIAL", "FILLED")  # anything else ends with 1: denied, cancelled, unknown


class Command(BaseCommand):
    """Make one signal by hand and follow it until it is filled, over or denied."""

    help = "Rehearse one trade through admission, gate, bracket, fill and all tiers (sim, paper)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to rehearse."""
        parser.add_argument("--symbol", default="SPY")
        parser.add_argument("--contracts", type=int, default=1)
        parser.add_argument("--exit-after", type=float, default=60.0, help="platform seconds")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Emit, hand over, wait, print."""
        if settings.TRADING_MODE == "live":
            raise CommandError("a probe is refused in live trading", returncode=2)
        if options["contracts"] < 1 or options["exit_after"] <= 0:
            raise CommandError(
                f"expected at least 1 contract and a positive time to exit, was "
                f"{options['contracts']} and {options['exit_after']}",
                returncode=2,
            )
        if calendar.current(now := clock.now()) is None:
            raise CommandError(
                f"a probe trades while the exchange is open; at {clock.display(now)} it is closed",
                returncode=1,
            )
        signal_id = self._signal(
            options["symbol"].upper(), options["contracts"], options["exit_after"]
        )
        answer = _follow(signal_id)
        self.stdout.write(json.dumps(answer) if options["json"] else _say(answer))
        if answer["state"] not in _WELL:
            raise SystemExit(1)

    # Just after a start the first chain and the volatility regime are still on their way.
    def _signal(self, symbol: str, contracts: int, exit_after_s: float) -> str:
        deadline, said = time.monotonic() + _START_S, ""
        while True:
            why = "the volatility regime is not known yet"
            if analytics.vol_regime() is not None or time.monotonic() > deadline:
                found = rehearsals.ask(symbol, contracts, exit_after_s)
                if "error" not in found:
                    return str(found["signal_id"])
                why = str(found["error"])
            if time.monotonic() > deadline:
                raise CommandError(why, returncode=1)
            if why != said:
                self.stderr.write(f"waiting: {why}")
            said = why
            time.sleep(_LOOK_S)


def _follow(signal_id: str) -> dict[str, Any]:
    """Wait until the entry is over, at most so many real seconds."""
    wanted = selectors.entry_intent_id(signal_id)
    deadline = time.monotonic() + _PATIENCE_S
    intent = None
    while time.monotonic() < deadline:
        intent = OrderIntent.objects.filter(pk=wanted).first()
        if intent is not None and intent.state not in _OPEN:
            break
        time.sleep(0.05)
    entry = Order.objects.filter(intent_id=wanted, role=Role.ENTRY).first()
    return {
        "signal_id": signal_id,
        "intent_id": wanted,
        "order_ref": None if entry is None else entry.order_ref,
        "state": "WAITING" if intent is None else intent.state,
        "denied_by": intent.denied_by or None if intent is not None else None,
    }


def _say(answer: dict[str, Any]) -> str:
    if answer["denied_by"]:
        return f"Probe {answer['signal_id']} was denied by {answer['denied_by']}."
    return f"Probe {answer['signal_id']}: {answer['order_ref']} is {answer['state']}."
