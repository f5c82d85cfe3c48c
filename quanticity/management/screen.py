"""What `manage.py up` shows on a terminal: progress, the table of addresses, one living line."""

import time
from types import TracebackType
from typing import Self

from django.conf import settings
from rich.console import Console
from rich.status import Status
from rich.table import Table

from quanticity.domain import clock
from quanticity.management import picture
from quanticity.runtime.prepare import OPERATOR
from quanticity.runtime.processes import Plan

MIB = 1_048_576


class Screen:
    """One terminal; on anything else the same facts as plain lines, without the living one."""

    def __init__(self, plan: Plan, password: str | None, began_s: float) -> None:
        self._plan = plan
        self._password = password
        self._began_s = self._stopping_s = began_s
        self._console = Console(highlight=False)
        self._status = Status("starting", console=self._console, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._status.stop()
        if error is None:
            self._console.print(f"stopped in {time.monotonic() - self._stopping_s:.1f} s")

    def forget_password(self) -> None:
        """Show it no more: from now on we write to a log."""
        self._password = None

    def tell_leftovers(self, names: list[str]) -> None:
        """Say what an earlier run had left running."""
        if names:
            self._console.print(f"stopped what an earlier run had left: {', '.join(names)}")

    def waiting(self, what: str) -> None:
        """Show what is not there yet."""
        self._status.update(f"waiting for {what}")

    def ready(self) -> None:
        """Print the table of addresses."""
        self._status.stop()
        self.addresses()
        self._status.start()

    def stopping(self) -> None:
        """Show that it was told to stop, and begin to count."""
        self._stopping_s = time.monotonic()
        self._status.update("stopping")

    def going(self) -> None:
        """Refresh the living line."""
        if self._console.is_terminal:
            self._status.update(line(picture.take()))

    def addresses(self) -> None:
        """Print where everything is, and on the first run the operator's password."""
        root = f"http://127.0.0.1:{self._plan.port}"
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_row("dashboard", f"{root}/dashboard/")
        table.add_row("feed", f"{root}/feed/")
        table.add_row("admin", f"{root}/admin/")
        table.add_row("API", f"{root}/api/docs/")
        table.add_row("Flower", f"http://127.0.0.1:{self._plan.flower_port}/")
        table.add_row("", f"[dim]login {OPERATOR}, password in {self._plan.var}/flower_password")
        table.add_row("logs", f"{self._plan.var}/logs/")
        mode = f"{settings.TRADING_MODE.upper()} at {clock.display(clock.now())}"
        took_s = time.monotonic() - self._began_s
        self._console.print(f"\n[bold]QuantiCity is ready[/] ({took_s:.1f} s) · {mode}", table)
        if self._password:
            self._console.print(
                f"\nYour account, shown this once: [bold]{OPERATOR}[/] / [bold]{self._password}[/]"
            )


def line(document: dict[str, object]) -> str:
    """The platform in one line."""
    found = document["processes"]
    assert isinstance(found, list)
    well = sum(one["state"] == "RUNNING" for one in found)
    parts = [
        f"{str(document['mode']).upper()} {clock.display(clock.now())} x{document['speed']:g}",
        f"{well}/{len(found)} processes, {int(str(document['rss_bytes'])) // MIB} MiB",
    ]
    trading, owed = document["trading"], document["deliveries"]
    if isinstance(trading, dict):
        parts.append(f"trading {trading['state']}")
    parts.append(f"{document['positions_open']} positions")
    if isinstance(owed, dict):
        parts.append(f"deliveries: {owed['sent']} sent, {owed['owed']} owed, {owed['late']} late")
    reasons = document["reasons"]
    if isinstance(reasons, list) and reasons:
        parts.append(f"[red]{'; '.join(reasons)}[/]")
    return " · ".join(parts)
