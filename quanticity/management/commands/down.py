"""`manage.py down`: stop what `manage.py up` started here, in order."""

import os
import signal
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from quanticity.domain.errors import ConfigError
from quanticity.runtime import states, supervisor

WITHIN_S = 15.0


class Command(BaseCommand):
    """Stop the platform on this machine."""

    help = "Stop everything that `up` started under this QC_VAR."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        """Ask the supervisor to stop; clean up after one that was killed."""
        keeper = states.keeper(settings.VAR)
        was_up = states.is_up(settings.VAR)
        if was_up and keeper is not None:
            os.kill(keeper.pid, signal.SIGTERM)
            _wait()
        left = supervisor.stop_leftovers(states.processes(settings.VAR))
        self.stdout.write("stopped" if was_up or left else "nothing was up")


def _wait() -> None:
    deadline = time.monotonic() + WITHIN_S
    while states.is_up(settings.VAR):
        if time.monotonic() > deadline:
            raise ConfigError(f"still up after {WITHIN_S:.0f} s; see {settings.VAR}/logs")
        time.sleep(0.05)
