"""Run the gateway process alone."""

import asyncio
import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from quanticity import environment
from quanticity.domain.errors import ConfigError
from quanticity.management.gateway.process import SWITCH_S, GatewayProcess
from quanticity.runtime import heap

INSIST_S = 1.0


class Command(BaseCommand):
    """Hold the one broker connection: record the market, send what is owed, keep what is said."""

    help = "Run the gateway process: the one broker connection and the one writer of orders."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take an address, for the simulated exchange that `up` starts."""
        parser.add_argument("--host", default=settings.IBKR_HOST or "127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.IBKR_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; SIGUSR1 halts trading."""
        environment.bind(options["port"])
        # This process read its settings before its database named the account.
        settings.IBKR_ACCOUNT = environment.account()
        sys.setswitchinterval(SWITCH_S)
        heap.settle()
        try:
            asyncio.run(_run(options["host"], options["port"]))
        except* ConfigError as group:
            raise group.exceptions[0] from None  # one sentence, exit code 2


async def _run(host: str, port: int) -> None:
    process = GatewayProcess(host, port)
    main = asyncio.ensure_future(process.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, main, asyncio.current_task())
    loop.add_signal_handler(signal.SIGUSR1, process.halt.by_signal)
    try:
        await main
    except asyncio.CancelledError:
        await process.close()


def _stop(main: "asyncio.Future[None]", waits: "asyncio.Task[None] | None") -> None:
    """Cancel, and insist: a cancellation that meets an answer may be lost on its way (3.11)."""
    if main.done():
        return
    main.cancel()
    for task in asyncio.all_tasks() - {main, waits}:
        task.cancel()
    asyncio.get_running_loop().call_later(INSIST_S, _stop, main, waits)
