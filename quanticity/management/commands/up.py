"""`manage.py up`: start everything, wait until it is ready, show how it goes, stop it in order."""

import asyncio
import math
import os
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from quanticity import environment
from quanticity.domain import clock
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import ConfigError
from quanticity.gateway.simulated.assembly import open_market
from quanticity.management.screen import Screen
from quanticity.runtime import anchor, launch, prepare, states, supervisor
from quanticity.runtime.processes import Plan
from quanticity.store.client import eviction_of, server_settings

DETACHED_WITHIN_S = 120.0


class Command(BaseCommand):
    """Start the platform on this machine."""

    help = "Start everything, wait until it is ready; Ctrl-C stops it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say where, how fast, and on which market."""
        parser.add_argument("--speed", type=float, default=1.0, help="platform s per real s")
        parser.add_argument("--seed", type=int, help="of the simulated market")
        parser.add_argument("--start", help="ISO instant at which the platform's clock starts")
        parser.add_argument("--tape", type=Path, help="recorded data instead of a simulated path")
        parser.add_argument("--port", type=int, help="of the web process; default QC_PORT or 8000")
        parser.add_argument("--detach", action="store_true", help="return once it is ready")

    def handle(self, **options: Any) -> None:
        """Hold this place alone, prepare it, and run until told to stop."""
        began_s = time.monotonic()
        os.umask(0o077)  # what we keep is ours alone: password hashes, members, secrets
        with states.alone(settings.VAR):
            left = supervisor.stop_leftovers(states.processes(settings.VAR))
            plan = prepare.plan(port=options["port"], seed=options["seed"], tape=options["tape"])
            _set_clock(plan, options["speed"], options["start"])
            prepare.connect_store(plan)
            prepare.tables()
            environment.bind(settings.IBKR_PORT)
            screen = Screen(plan, prepare.operator_account(), began_s)
            screen.tell_leftovers(left)
            if options["detach"] and not _in_background(plan, screen):
                return
            _run(plan, screen)


def _set_clock(plan: Plan, speed: float, start: str | None) -> None:
    if settings.TRADING_MODE != "sim":
        return
    if not (math.isfinite(speed) and speed > 0):
        raise ConfigError(f"--speed: expected a positive number, was {speed}")
    at = None if start is None else anchor.parse(start)
    recorded = [] if plan.tape is None else open_market(plan.seed, plan.tape)[1]
    anchor.begin(plan.var, speed=speed, start=at, real_now=RealClock().now(), recorded=recorded)
    clock.install(clock.ScaledClock(settings.CLOCK_FILE))


def _run(plan: Plan, screen: Screen) -> None:
    run = launch.Run(
        plan=plan,
        folder=settings.BASE_DIR,
        host=settings.ALLOWED_HOSTS[0],
        keeps_time=settings.TRADING_MODE == "sim",
        check_store=_check_store,
        view=launch.View(screen.waiting, screen.ready, screen.going, screen.stopping),
    )
    with screen:
        asyncio.run(run.until_stopped())


def _check_store() -> None:
    launch.refuse_evicting(server_settings()["eviction"])
    if settings.BROKER_URL.startswith(("redis://", "rediss://")):
        launch.refuse_evicting(eviction_of(settings.BROKER_URL))  # where the queues are
    environment.bind_store()


def _in_background(plan: Plan, screen: Screen) -> bool:
    """Fork; True in the process that goes on, False in the one that has seen it become ready."""
    connections.close_all()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setsid()
        screen.forget_password()
        _redirect(plan.var / "logs" / "up.log")
        return True
    _wait_for(child, plan, screen)
    return False


def _redirect(log: Path) -> None:
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as out, Path(os.devnull).open("rb") as empty:
        os.dup2(empty.fileno(), sys.stdin.fileno())
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(out.fileno(), sys.stderr.fileno())


def _wait_for(child: int, plan: Plan, screen: Screen) -> None:
    deadline = time.monotonic() + DETACHED_WITHIN_S
    while time.monotonic() < deadline:
        keeper = states.keeper(plan.var)
        if keeper is not None and keeper.pid == child and keeper.ready:
            screen.addresses()
            return
        if os.waitpid(child, os.WNOHANG)[0] == child:
            raise ConfigError(f"it stopped before it was ready; see {plan.var}/logs/up.log")
        time.sleep(0.1)
    reasons = "; ".join(launch.not_ready(plan.port, settings.ALLOWED_HOSTS[0]))
    raise ConfigError(f"not ready after {DETACHED_WITHIN_S:.0f} s, still trying: {reasons}")
