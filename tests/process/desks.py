"""A desk of real processes: a simulated exchange, a gateway process, a database file, a server.

Rows are written and read by the test itself, in the same database, on the same clock.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection

from quanticity.domain import clock
from quanticity.domain.instruments import OptionContract, Right
from quanticity.runtime import ports
from quanticity.store import market
from quanticity.store.client import client
from tests import racing
from tests.process.places import Place, Server, until

MORNING = datetime(2025, 11, 21, 15, 4, 0, tzinfo=UTC)  # Friday 10:04 in New York
NARROW = {"QC__UNIVERSE__DEPTH": '["SPY"]', "QC__UNIVERSE__CHAINS": '["SPY"]'}
PATIENT = {"QC__EXECUTION__PRICING__EAGER_ABANDON_S": "3600.0"}  # entries outlive a slow machine


@dataclass
class Desk:
    """The exchange and the gateway process, each a process of its own."""

    place: Place
    server: Server
    port: int
    exchange: "subprocess.Popen[bytes] | None" = None
    gateway: "subprocess.Popen[bytes] | None" = None

    def open(self) -> None:
        """Start both; return once the books have been compared."""
        self.open_exchange()
        self.gateway = self.start_gateway()
        until(self.is_reconciled, 90, "books that agree")

    def open_exchange(self) -> None:
        """Start the exchange."""
        ledger = str(self.place.var / "exchange.json")
        self.exchange = self.place.python(
            "simulator", "manage.py", "run_simulator", "--port", str(self.port), "--seed", "7",
            "--ledger", ledger,
        )  # fmt: skip
        until(lambda: "ready" in self.place.log("simulator"), what="the exchange")

    def start_gateway(self, name: str = "gateway") -> "subprocess.Popen[bytes]":
        """Start one gateway process."""
        return self.place.python(name, "manage.py", "run_gateway", "--port", str(self.port))

    def is_reconciled(self) -> bool:
        """Whether the gateway process has compared the books."""
        from execution.models import Reconciliation

        assert self.gateway is None or self.gateway.poll() is None, self.place.log("gateway")
        return Reconciliation.objects.exists()

    def signal_halt(self) -> None:
        """Halt by signal."""
        assert self.gateway is not None
        os.kill(self.gateway.pid, signal.SIGUSR1)

    def books(self) -> dict[str, Any]:
        """What the exchange itself has on its books."""
        file = self.place.var / "exchange.json"
        return (
            dict(json.loads(file.read_text())) if file.exists() else {"orders": [], "positions": []}
        )

    def held(self) -> dict[int, int]:
        """Contracts that the account holds, by the exchange's number."""
        return {
            one["con_id"]: one["quantity"] for one in self.books()["positions"] if one["quantity"]
        }

    def at_the_money(self, expiry: date) -> str | None:
        """The call nearest the money, once the underlying is heard."""
        quote = market.quote("SPY")
        if quote is None or quote.bid is None:
            return None
        return OptionContract("SPY", expiry, Right.CALL, Decimal(round(quote.bid))).occ

    def working(self) -> set[str]:
        """References of the orders that work at the exchange."""
        alive = ("PreSubmitted", "Submitted")
        return {one["order_ref"] for one in self.books()["orders"] if one["status"] in alive}


@contextmanager
def desk(
    place: Place, server: Server, settings: Any, folder: Path, at: datetime = MORNING
) -> Iterator[Desk]:
    """A desk that is not open yet; its clock begins at an instant."""
    anchor = clock.Anchor(at, clock.boot_seconds(), 1.0)
    anchor.write(place.var / "clock.json")
    settings.REDIS_URL = server.url
    settings.HALT_FILE = place.var / "HALT"
    client.cache_clear()
    with racing.on_disk(folder), clock.using(clock.ScaledClock(place.var / "clock.json")):
        name = connection.settings_dict["NAME"]
        place.more = {"QC_DATABASE_URL": f"sqlite:///{name}", **NARROW, **PATIENT}
        yield Desk(place, server, ports.usable(None))
    client.cache_clear()
